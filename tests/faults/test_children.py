"""Sagas that call sagas, on real servers, over two coordinators of which one dies wherever that can matter."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.asked import Asked
from tests.faults.doomed import doomed

pytestmark = pytest.mark.asyncio(loop_scope="session")

CITIES = ["Rome", "Oslo", "Bonn"]
DEATHS = ("transaction_begun", "commit_sent", "publish_acknowledged")
"""Before the commit, while nobody knows whether it came, and when Kafka has what is still in the outbox."""


def legs(waiting: Asked, saga_id: str, expected: str, cities: Sequence[str] = CITIES) -> list[str]:
    """The ids of the tour's children, which the oracle judges too."""
    return [waiting.expect("leg", f"{saga_id}:{number}", city, expected) for number, city in enumerate(cities, 2)]


async def children_of(waiting: Asked, saga_id: str) -> list[str]:
    rows = await waiting.fetch("SELECT saga_id FROM saga WHERE parent = $1 ORDER BY saga_id", saga_id)
    return [row["saga_id"] for row in rows]


@pytest.mark.parametrize("failpoint", DEATHS)
@pytest.mark.parametrize("times", [4, 9])
async def test_each_call_is_one_child_whoever_dies(waiting: Asked, failpoint: str, times: int, tmp_path: Path) -> None:
    """The other coordinator goes on: with the parent, with the children, with their answers."""
    system = waiting.system
    dying = await doomed(system, 1, failpoint, tmp_path, times=times)
    saga_id = await waiting.start("tour", f"through-{failpoint}-{times}", CITIES, "completed", (1,))
    await waiting.again()
    await waiting.reached(saga_id, "signal_awaited")
    expected = legs(waiting, saga_id, "completed")
    assert await waiting.signal(saga_id, "leave", True, "1")
    await waiting.reached(saga_id, "saga_completed")
    assert await children_of(waiting, saga_id) == sorted(expected)
    await dying.dies()
    assert await waiting.faults() == []


@pytest.mark.parametrize("failpoint", DEATHS)
@pytest.mark.parametrize("times", [2, 6])
async def test_a_child_killed_in_the_middle_of_being_undone(
    waiting: Asked, failpoint: str, times: int, tmp_path: Path
) -> None:
    """They had gone through; each undoes both its steps once, one child after the other, and the parent its own."""
    system = waiting.system
    saga_id = await waiting.start("tour", f"back-{failpoint}-{times}", CITIES, "compensated")
    expected = legs(waiting, saga_id, "compensated")
    await waiting.reached(saga_id, "signal_awaited")
    dying = await doomed(system, 0, failpoint, tmp_path, times=times)
    await system.start_coordinator(1)
    assert await waiting.signal(saga_id, "leave", False, "1", coordinator=1)
    await waiting.reached(saga_id, "saga_compensated")
    for each in expected:
        events = await waiting.events(each)
        assert [type for type in events if type.startswith("saga_")] == [
            "saga_started",
            "saga_completed",
            "saga_reopened",
            "saga_compensated",
        ]
        assert events.count("undo_succeeded") == 2
    await dying.dies()
    await system.start_coordinator(0)
    assert await waiting.faults() == []


async def test_a_cancel_reaches_the_children(waiting: Asked) -> None:
    """Those under way go back, and those that had gone through."""
    system = waiting.system
    await system.start_coordinator(1)
    saga_id = await waiting.start("tour", "cancelled", CITIES, "compensated")
    expected = legs(waiting, saga_id, "compensated")
    for each in expected:
        await waiting.reached(each, "step_succeeded")
    assert await waiting.act(saga_id, "cancel") in (200, 202)
    await waiting.reached(saga_id, "saga_compensated")
    assert await waiting.faults() == []


async def test_a_refused_child_sends_its_parent_back(waiting: Asked) -> None:
    """It has left nothing; the others are undone."""
    cities = ["Rome", "Atlantis"]
    saga_id = await waiting.start("tour", "refused", cities, "compensated")
    legs(waiting, saga_id, "compensated", cities[:1])
    waiting.expect("leg", f"{saga_id}:3", "Atlantis", "failed")
    await waiting.reached(saga_id, "saga_compensated")
    assert await waiting.faults() == []
