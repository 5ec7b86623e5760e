"""A saga that is asked while it runs: by many at once, and wherever a coordinator dies."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.asked import Asked
from tests.faults.doomed import doomed
from tests.faults.test_signals import ON_THE_WAY

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def answered(waiting: Asked, saga_id: str, name: str, id: str, coordinator: int, *, start: bool) -> str:
    """What the saga answers, asked under the same id until it does."""
    while (body := await waiting.update(saga_id, "add", name, id, coordinator, start=start)) is None:
        pass
    assert body.get("status") == "answered", body
    return body["answer"]


async def test_a_hundred_updates_with_start_on_one_key(waiting: Asked) -> None:
    """Two coordinators, each asked by fifty at once: one saga, a hundred answers, each its own."""
    await waiting.system.start_coordinator(1)
    saga_id = waiting.expect("open_trip", "hundred", 100, "completed")
    names = [f"traveller-{number}" for number in range(100)]
    seats = await asyncio.gather(
        *(answered(waiting, saga_id, name, name, number % 2, start=True) for number, name in enumerate(names))
    )
    assert len(set(seats)) == 100
    events = await waiting.events(saga_id)
    assert [events.count(each) for each in ("saga_started", "update_accepted", "update_answered")] == [1, 100, 100]
    assert [await waiting.query(saga_id, "travellers", number) for number in (0, 1)] == [100, 100]
    refused = await waiting.update(saga_id, "add", "one more", "one more", coordinator=1)
    assert refused is not None
    assert refused["refusal"]["type"] == "full"
    assert await waiting.signal(saga_id, "go", None, "go")
    await waiting.reached(saga_id, "saga_completed")
    assert await waiting.query(saga_id, "travellers", 1) == 100
    again = await answered(waiting, saga_id, names[7], names[7], 0, start=True)
    assert again == seats[7]
    waiting.acknowledged.add(saga_id)
    assert await waiting.faults() == []


@pytest.mark.parametrize("failpoint", ON_THE_WAY[1::2])
async def test_a_coordinator_that_dies_with_an_update(waiting: Asked, failpoint: str, tmp_path: Path) -> None:
    """Sent again under the same id, it is taken in once, its step is done once, and it is answered."""
    system = waiting.system
    saga_id = await waiting.start("open_trip", failpoint, 1, "completed")
    await waiting.reached(saga_id, "signal_awaited")
    dying = await doomed(system, 0, failpoint, tmp_path)
    while (body := await waiting.update(saga_id, "add", "Ann", "a-1")) is None:
        if not dying.dead:
            await dying
            await system.start_coordinator(0)
    dying.spare()
    assert body["status"] == "answered"
    assert await waiting.update(saga_id, "add", "Ann", "a-1") == body
    assert await waiting.signal(saga_id, "go", None, "go")
    await waiting.reached(saga_id, "saga_completed")
    events = await waiting.events(saga_id)
    assert (events.count("update_accepted"), events.count("update_answered")) == (1, 1)
    assert await waiting.faults() == []


async def test_what_an_update_did_is_undone(waiting: Asked) -> None:
    """The saga is cancelled: the seats that updates took are given back, on another coordinator too."""
    saga_id = await waiting.start("open_trip", "cancelled", 5, "compensated")
    for name in ("Ann", "Bob"):
        await answered(waiting, saga_id, name, name, 0, start=False)
    await waiting.moved_on("1 day")
    assert await waiting.act(saga_id, "cancel", coordinator=1) == 202
    await waiting.reached(saga_id, "saga_compensated")
    assert (await waiting.events(saga_id)).count("undo_succeeded") == 2
    assert await waiting.query(saga_id, "travellers", coordinator=1) == 2
    late = await waiting.update(saga_id, "add", "Eve", "late", coordinator=1)
    assert late is not None
    assert late["code"] == "saga_conflict"
    assert await waiting.faults() == []
