"""What people do to sagas, whichever coordinator lives to see it."""

import pytest

from tests.faults.asked import Asked

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_pause_that_outlasts_a_timeout_and_a_coordinator(waiting: Asked) -> None:
    """Two months pass, another coordinator resumes the saga, and it has as much time left as it had."""
    saga_id = await waiting.start("approved_trip", "paused", 1, "completed")
    await waiting.reached(saga_id, "signal_awaited")
    assert await waiting.act(saga_id, "pause", "the boss is away") == 202
    await waiting.moved_on("60 days")
    assert await waiting.signal(saga_id, "approval", {"by": "Ann"}, "a-1", coordinator=1)
    assert (await waiting.events(saga_id))[-1] == "signal_deferred"
    assert await waiting.act(saga_id, "resume", "she is back", coordinator=1) == 202
    await waiting.reached(saga_id, "saga_completed")
    assert "timer_fired" not in await waiting.events(saga_id)
    assert await waiting.faults() == []


async def test_cancelled_in_a_pause(waiting: Asked) -> None:
    """It goes back at once."""
    saga_id = await waiting.start("approved_trip", "cancelled", 1, "compensated")
    await waiting.reached(saga_id, "signal_awaited")
    assert await waiting.act(saga_id, "pause") == 202
    assert await waiting.act(saga_id, "cancel") == 202
    await waiting.reached(saga_id, "saga_compensated")
    assert await waiting.faults() == []


async def test_cancelled_paused_and_killed_while_it_is_undone(waiting: Asked) -> None:
    """A second cancel changes nothing, no undo is sent in the pause, and none twice after it."""
    system = waiting.system
    saga_id = await waiting.start("approved_trip", "undoing", 1, "compensated")
    await waiting.reached(saga_id, "signal_awaited")
    await system.participants["flights"].stop()
    assert [await waiting.act(saga_id, "cancel") for _ in range(2)] == [202, 202]
    await waiting.reached(saga_id, "undo_issued")
    assert await waiting.act(saga_id, "pause") == 202
    system.coordinators[0].kill()
    await system.coordinators[0].ended()
    await system.start_participant("flights")
    await system.start_coordinator(1)
    await waiting.reached(saga_id, "reply_deferred")
    assert await waiting.act(saga_id, "resume", coordinator=1) == 202
    await waiting.reached(saga_id, "saga_compensated")
    events = await waiting.events(saga_id)
    assert (events.count("compensation_started"), events.count("undo_succeeded")) == (1, 1)
    assert await waiting.faults() == []


async def test_an_undo_that_nobody_can_do_is_skipped(waiting: Asked) -> None:
    """The saga ends as partially compensated, and what the participant says later changes nothing."""
    saga_id = await waiting.start("approved_trip", "skipped", 1, "partially_compensated")
    await waiting.reached(saga_id, "signal_awaited")
    await waiting.system.participants["flights"].stop()
    assert await waiting.act(saga_id, "cancel") == 202
    assert await waiting.act(saga_id, "steps/1/undo/skip", "they are bankrupt") == 202
    await waiting.reached(saga_id, "saga_partially_compensated")
    await waiting.system.start_participant("flights")
    assert await waiting.faults() == []
    assert (await waiting.events(saga_id))[-1] == "saga_partially_compensated"


async def test_a_saga_is_terminated(waiting: Asked) -> None:
    """What it did stands; another coordinator takes nothing for it any more."""
    saga_id = await waiting.start("approved_trip", "terminated", 1, "terminated")
    await waiting.reached(saga_id, "signal_awaited")
    assert await waiting.act(saga_id, "terminate", "fraud") == 202
    await waiting.moved_on("2 days")
    assert await waiting.act(saga_id, "cancel", coordinator=1) == 409
    assert not await waiting.signal(saga_id, "approval", {"by": "Ann"}, "late", coordinator=1)
    assert (await waiting.events(saga_id))[-1] == "saga_terminated"
    assert await waiting.faults() == []
