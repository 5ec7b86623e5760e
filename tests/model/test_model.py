"""The model of docs/model: its small instances, and every twin."""

import asyncio
import re
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.model.instances import LARGE, PROMISES, SMALL, VAST, Instance
from tests.model.telling import told
from tests.model.tlc import MODEL, Explored, explore
from tests.model.twins import TWINS
from tests.model.values import read_state

AT_ONCE = 2
"""Runs of TLC: CI has two cores."""


@pytest.fixture(scope="module")
def explored(session_loop: AbstractEventLoop) -> dict[str, Explored]:
    """What each small instance and each twin came to, by name."""
    return session_loop.run_until_complete(_explore_all([*SMALL, *TWINS]))


async def _explore_all(instances: list[Instance]) -> dict[str, Explored]:
    free = asyncio.Semaphore(AT_ONCE)

    async def one(instance: Instance) -> tuple[str, Explored]:
        async with free:
            return instance.name, await explore(instance)

    return dict(await asyncio.gather(*map(one, instances)))


@pytest.mark.parametrize("instance", SMALL, ids=lambda instance: instance.name)
def test_every_promise_holds_in_every_state(instance: Instance, explored: dict[str, Explored]) -> None:
    """No behaviour of the protocol breaks a promise, none ends but at rest, and each can come to rest."""
    found = explored[instance.name]
    assert found.broken is None, "\n".join(told(found.behaviour))
    assert found.states > 500


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_every_twin_breaks_its_promise(twin: Instance, explored: dict[str, Explored]) -> None:
    """A protocol with the mistake has a behaviour that breaks the promise, and it can be told."""
    found = explored[twin.name]
    assert (found.broken,) == twin.promises
    assert len(list(told(found.behaviour))) >= len(found.behaviour) - 1 > 0


def test_every_promise_is_broken_by_some_twin() -> None:
    """No promise holds only because it says nothing."""
    assert {promise for twin in TWINS for promise in twin.promises} == {*PROMISES, "GoesOn", "CanGoOn"}


TINY = Instance(name="one saga of one step", plan="One")


async def reached(instance: Instance, folder: Path) -> frozenset[Any]:
    """What the histories, the barrier and the effects can come to."""
    dump = folder / f"{instance.reduced}.dump"
    await explore(instance, dump=dump)
    states = re.split(r"^State \d+:$", dump.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    told_apart = {"".join(re.findall(r"^/\\ (?:history|barrier|effects) = [^/]*", s, re.MULTILINE)) for s in states}
    return frozenset((s["history"], s["barrier"], s["effects"]) for s in map(read_state, told_apart))


async def test_the_reduction_hides_nothing(tmp_path: Path) -> None:
    """With states taken for one as without, the same histories come about, with the same effects."""
    reduced, full = await asyncio.gather(reached(TINY, tmp_path), reached(replace(TINY, reduced=False), tmp_path))
    assert reduced == full
    assert len(full) > 20


def actions() -> Iterator[str]:
    """What can happen in the model, faults included."""
    text = (MODEL / "Amends.tla").read_text(encoding="utf-8")
    for name in ("Helps", "Hurts"):
        found = re.search(rf"^{name} ==\s+(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
        assert found is not None
        yield from re.findall(r"\w+", found[1])


def test_every_action_is_explained() -> None:
    """The page beside the model says of every action which code does it, or what makes it happen."""
    page = (MODEL / "README.md").read_text(encoding="utf-8")
    assert [action for action in actions() if f"| `{action}` |" not in page] == []


def test_every_twin_and_instance_is_in_the_notes() -> None:
    """The page beside the model names each instance and each twin, and what the twin breaks."""
    page = (MODEL / "README.md").read_text(encoding="utf-8")
    assert [each.name for each in (*SMALL, *LARGE, *VAST) if f"| {each.name} |" not in page] == []
    assert [twin.name for twin in TWINS if f"| {twin.name} | `{twin.promises[0]}` |" not in page] == []
