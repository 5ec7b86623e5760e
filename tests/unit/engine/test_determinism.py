"""The same history gives the same asks in the same order: in every process, at every address, for every hash seed."""

import asyncio
import gc
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from coordinator.history.steps import StepAbandoned, StepIssued
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop

ROOT = Path(__file__).parents[3]
ITEMS = [f"item-{number}" for number in range(40)]


@saga(version=1)
async def group(shop: Shop) -> None:
    """The first no cancels all the others."""
    async with asyncio.TaskGroup() as all_of_them:
        for item in ITEMS:
            all_of_them.create_task(shop.take(item))


@saga(version=1)
async def first_of(shop: Shop) -> list[str]:
    """asyncio.wait gives sets."""
    done, rest = await asyncio.wait(
        [asyncio.create_task(shop.take(item)) for item in ITEMS], return_when=asyncio.FIRST_COMPLETED
    )
    for each in rest:
        each.cancel()
    return [each.result() for each in done]


@saga(version=1)
async def completed(shop: Shop) -> list[str]:
    """asyncio.as_completed puts coroutines into a set before it starts them."""

    async def nested(item: str) -> str:
        return await shop.take(item)

    return [await each for each in asyncio.as_completed([nested(item) for item in ITEMS])]


def story(scatter: int) -> list[Any]:
    """What was asked for, and what was abandoned, in order. ``scatter`` moves the addresses of objects about."""
    ballast = [[bytearray(64 + each % 7) for each in range(scatter)]]
    cancelled: list[Any] = []
    for definition in (group, first_of, completed):
        driver = SagaDriver(definition).start()
        ballast.append([bytearray(100) for _ in range(scatter)])
        driver.refuses(7) if definition is group else driver.succeeds(7, "x")
        issued = [json.loads(bytes(event.arguments))["item"] for event in driver.of(StepIssued)]
        cancelled.append((issued, [event.step for event in driver.of(StepAbandoned)]))
    return cancelled


def test_the_order_is_the_same_at_other_addresses() -> None:
    """Sets of coroutines and futures iterate alike, wherever in memory they are."""
    expected = story(0)
    assert expected[0][0] == expected[1][0] == expected[2][0] == ITEMS
    for scatter in (1, 10, 1_000, 3_333):
        gc.collect()
        assert story(scatter) == expected


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_the_order_is_the_same_in_another_process(seed: str) -> None:
    """Nor does it depend on PYTHONHASHSEED."""
    code = "import json; from tests.unit.engine.test_determinism import story; print(json.dumps(story(5)))"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    other = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(other.stdout) == json.loads(json.dumps(story(0)))


@pytest.mark.parametrize("make", [set, iter], ids=["set", "iterator"])
def test_as_completed_of_what_has_no_order_is_refused(make: Any) -> None:
    """Coroutines whose order is gone before they start cannot be replayed: the saga is parked and told so."""

    @saga(version=1)
    async def unordered(shop: Shop) -> None:
        for each in asyncio.as_completed(make([shop.take("a"), shop.take("b")])):
            await each

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the coroutines are never awaited, of course
        driver = SagaDriver(unordered).start().is_("parked").expects()
        gc.collect()
    assert "give it a list" in driver.parked_message


def test_coroutines_have_names_of_their_own_saga() -> None:
    """asyncio numbers its coroutines process-wide; a saga's are numbered within it."""

    @saga(version=1)
    async def named(shop: Shop) -> list[str]:
        async def name() -> str:
            current = asyncio.current_task()
            assert current is not None
            return current.get_name()

        return [await name(), *await asyncio.gather(name(), name())]

    results = [SagaDriver(named).start().result for _ in range(3)]
    assert results == [["saga", "coroutine-2", "coroutine-3"]] * 3


def test_the_clock_is_the_facts() -> None:
    """The loop's time is the time of the fact that is fed, on replay too."""

    @saga(version=1)
    async def watching(shop: Shop) -> list[float]:
        loop = asyncio.get_running_loop()
        seen = [loop.time()]
        await shop.take("a")
        return [*seen, loop.time(), await asyncio.sleep(5, loop.time()), loop.time()]

    driver = SagaDriver(watching, now=1_000).start()
    driver.now = 3_500
    driver.succeeds("shop.take", "a").restarts().passes(5_000)
    assert driver.result == [1.0, 3.5, 3.5, 8.5]


def test_context_variables_of_the_coordinator_are_not_seen() -> None:
    """A saga starts in an empty context: what the coordinator keeps in its own does not decide anything."""
    import contextvars

    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")

    @saga(version=1)
    async def curious(shop: Shop) -> list[str]:
        seen = variable.get()
        variable.set("mine")
        await shop.look("a")
        return [seen, variable.get()]

    token = variable.set("the coordinator's")
    assert SagaDriver(curious).start().succeeds("shop.look", 1).result == ["nothing", "mine"]
    variable.reset(token)
