"""A saga that waits for a person: for a month, on another coordinator, and wherever a coordinator dies."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.asked import Asked
from tests.faults.doomed import doomed

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY_MS = 24 * 3_600 * 1_000
ON_THE_WAY = ("fact_received", "transaction_begun", "history_written", "commit_sent", "commit_acknowledged")
"""Where a coordinator can die with a signal in its hands."""


async def event(waiting: Asked, saga_id: str, type: str) -> dict[str, Any]:
    """The first event of that type."""
    rows = await waiting.fetch(
        "SELECT e FROM history, json_array_elements(events) AS e WHERE saga_id = $1 AND e ->> 'type' = $2 ORDER BY seq",
        saga_id,
        type,
    )
    return json.loads(rows[0]["e"])


async def test_an_approval_after_thirty_days_on_another_coordinator(waiting: Asked) -> None:
    """Its row and its history are all there is of it meanwhile; the signal finds it standing where it stood."""
    saga_id = await waiting.start("approved_trip", "month", 60, "completed")
    await waiting.reached(saga_id, "signal_awaited")
    await waiting.moved_on("30 days")
    assert await waiting.signal(saga_id, "approval", {"by": "Ann"}, "a-1", coordinator=1)
    await waiting.reached(saga_id, "saga_completed")
    awaited, received = (
        await event(waiting, saga_id, "signal_awaited"),
        await event(waiting, saga_id, "signal_received"),
    )
    assert 30 * DAY_MS <= received["at"] - awaited["at"] < 31 * DAY_MS
    assert await waiting.faults() == []


async def test_no_approval_within_sixty_days(waiting: Asked) -> None:
    """The timeout fires when the time has come, and the flight is given back."""
    saga_id = await waiting.start("approved_trip", "never", 60, "compensated")
    await waiting.reached(saga_id, "signal_awaited")
    await waiting.moved_on("61 days")
    await waiting.reached(saga_id, "saga_compensated")
    assert "timer_fired" in await waiting.events(saga_id)
    assert await waiting.faults() == []


@pytest.mark.parametrize("failpoint", ON_THE_WAY[::2])
async def test_a_coordinator_that_dies_with_a_signal(waiting: Asked, failpoint: str, tmp_path: Path) -> None:
    """Sent again under the same id, before, during and after: the saga has it once."""
    system = waiting.system
    saga_id = await waiting.start("approved_trip", failpoint, 1, "completed")
    await waiting.reached(saga_id, "signal_awaited")
    dying = await doomed(system, 0, failpoint, tmp_path)
    while not await waiting.signal(saga_id, "approval", {"by": "Ann"}, "a-1"):
        await dying
        await system.start_coordinator(0)
    dying.spare()
    assert await waiting.signal(saga_id, "approval", {"by": "Ann"}, "a-1")
    await waiting.reached(saga_id, "saga_completed")
    events = await waiting.events(saga_id)
    assert (events.count("signal_received"), events.count("signal_taken")) == (1, 1)
    assert await waiting.faults() == []


async def test_signals_before_the_saga_asks_and_after_it_has_ended(waiting: Asked) -> None:
    """What is early is kept, what is sent twice counts once, and what is too late is refused."""
    async with asyncio.TaskGroup() as group:
        starting = group.create_task(waiting.start("approved_trip", "early", 1, "compensated"))
        saga_id = await starting
        no = {"by": "Bob", "approved": False}
        both = [group.create_task(waiting.signal(saga_id, "approval", no, "no")) for _ in range(2)]
    assert all(each.result() for each in both)
    await waiting.reached(saga_id, "saga_compensated")
    assert (await waiting.events(saga_id)).count("signal_received") == 1
    assert not await waiting.signal(saga_id, "approval", {"by": "Ann"}, "late")
    assert await waiting.faults() == []
