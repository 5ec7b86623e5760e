"""Undos that a saga registered itself, on real servers: each once, in its place, whoever dies."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.faults.asked import Asked
from tests.faults.doomed import doomed
from tests.faults.notes import Notes
from tests.faults.system import Armed, death_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = ("forward", "undo")
MOST = int(os.environ.get("DEATHS", "1"))
DEATHS = [("commit_sent", 5), ("transaction_begun", 4), ("publish_acknowledged", 2)][:MOST]
"""While nobody knows whether the commit came, before it, and when Kafka has what is still in the outbox; ``DEATHS=3``
for all of them."""


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    """Of this test's saga."""
    return Notes(tmp_path)


async def swapped(waiting: Asked, notes: Notes, key: str, expected: str = "compensated") -> str:
    """A saga that waits for its person, with three undos of its own and two steps."""
    saga_id = await waiting.start("swap_weekend", key, {"folder": str(notes.folder)}, expected)
    if expected == "compensated":
        waiting.expect("take_again", f"{saga_id}:1", "Rome", "completed")
    await waiting.reached(saga_id, "signal_awaited")
    return saga_id


async def undone_in_order(waiting: Asked, saga_id: str) -> None:
    """The last done first, whether it was a step or said beforehand; each once."""
    await waiting.reached(saga_id, "saga_compensated")
    rows = await waiting.fetch(
        "SELECT (e ->> 'step')::int AS step FROM history, json_array_elements(events) WITH ORDINALITY AS x (e, place) "
        "WHERE saga_id = $1 AND e ->> 'type' = 'undo_succeeded' ORDER BY seq, place",
        saga_id,
    )
    assert [row["step"] for row in rows] == [5, 4, 3, 2, 1]
    found = (await waiting.evidence()).effects
    done = sorted((each.command_id, each.participant, each.direction) for each in found)
    child = f"take_again:{saga_id}:1"
    assert done == sorted(
        [
            *((f"{saga_id}:{step}", name, way) for step, name in ((2, "flights"), (5, "hotels")) for way in BOTH),
            (f"{saga_id}:3", "hotels", "forward"),
            (f"{child}:1", "flights", "forward"),
            (f"{child}:2", "hotels", "forward"),
        ]
    )


async def test_killed_while_a_local_one_runs(waiting: Asked, notes: Notes) -> None:
    """The other coordinator runs its body again, and the others follow."""
    await waiting.system.start_coordinator(1)
    saga_id = await swapped(waiting, notes, "killed")
    assert await waiting.signal(saga_id, "leave", False, "1", coordinator=1)
    await notes.has("write begun")
    for coordinator in waiting.system.coordinators:
        coordinator.kill()
        await coordinator.ended()
    await waiting.system.start_coordinator(1)
    await notes.has("write begun", 2)
    notes.let("write")
    await undone_in_order(waiting, saga_id)
    assert notes.words == ["write begun", "write begun", "write ended"]
    assert await waiting.faults() == []


@pytest.mark.parametrize(("failpoint", "times"), DEATHS)
async def test_a_coordinator_dies(waiting: Asked, notes: Notes, failpoint: str, times: int, tmp_path: Path) -> None:
    """Started again, it goes on with the undo that is due, of whatever sort."""
    system = waiting.system
    saga_id = await swapped(waiting, notes, failpoint)
    notes.let("write")
    dying = await doomed(system, 0, failpoint, tmp_path, times=times)
    assert await waiting.signal(saga_id, "leave", False, "1")
    await dying
    assert dying.fired
    await system.start_coordinator(0)
    await undone_in_order(waiting, saga_id)
    assert notes.words.count("write begun") == notes.words.count("write ended")
    assert await waiting.faults() == []


async def test_a_participant_dies_between_commit_and_reply(waiting: Asked, notes: Notes, tmp_path: Path) -> None:
    """To its barrier it is a command like any other: it comes again, and is answered again."""
    system = waiting.system
    saga_id = await swapped(waiting, notes, "participant")
    notes.let("write")
    armed = Armed("participant_committed", tmp_path, times=2)  # the undo of its room, and then the room it takes
    await system.start_participant("hotels", armed.environment)
    dying = asyncio.create_task(death_of(system.participants["hotels"]))
    assert await waiting.signal(saga_id, "leave", False, "1")
    await dying
    assert armed.fired
    (found,) = [each.direction for each in (await waiting.evidence()).effects if each.command_id == f"{saga_id}:3"]
    assert (found, (await waiting.events(saga_id)).count("undo_succeeded")) == ("forward", 2)
    await system.start_participant("hotels")
    await undone_in_order(waiting, saga_id)
    assert await waiting.faults() == []


async def test_none_is_needed(waiting: Asked, notes: Notes) -> None:
    """The person likes it."""
    saga_id = await swapped(waiting, notes, "kept", "completed")
    assert await waiting.signal(saga_id, "leave", True, "1")
    await waiting.reached(saga_id, "saga_completed")
    assert notes.words == []
    assert await waiting.faults() == []
