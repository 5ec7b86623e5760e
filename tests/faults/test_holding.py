"""Steps that wait for somebody outside, on real servers: that outlives the coordinator that heard of it."""

from pathlib import Path

import pytest

from tests.faults.asked import Asked

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_held_for_a_signal_and_answered_by_its_id(waiting: Asked, tmp_path: Path) -> None:
    """The coordinator that gave up trying is killed; another hears the signal, is killed, and a third the answer."""
    file = tmp_path / "bank"
    saga_id = await waiting.start("wait_long", "held", str(file), "completed")
    await waiting.reached(saga_id, "step_held")
    await killed_and_started_again(waiting)
    file.write_text("paid")
    assert await waiting.signal(saga_id, "bank_is_back", {"since": "noon"}, "one")
    assert await waiting.signal(saga_id, "bank_is_back", {"since": "noon"}, "one")
    await waiting.reached(saga_id, "step_succeeded")
    await killed_and_started_again(waiting)
    assert await waiting.answer(f"{saga_id}:2", {"succeeded": 7}) == 422
    assert await waiting.answer(f"{saga_id}:2", {"succeeded": "guilty"}) == 202
    assert await waiting.answer(f"{saga_id}:2", {"succeeded": "guilty"}) == 202
    assert await waiting.answer(f"{saga_id}:2", {"refused": {"type": "no_case"}}) == 409
    await waiting.reached(saga_id, "saga_completed")
    events = await waiting.events(saga_id)
    assert [events.count(each) for each in ("step_held", "signal_heeded", "step_succeeded")] == [1, 1, 2]
    assert await waiting.faults() == []


async def killed_and_started_again(waiting: Asked) -> None:
    """The only coordinator."""
    waiting.system.coordinators[0].kill()
    await waiting.system.coordinators[0].ended()
    await waiting.system.start_coordinator()
