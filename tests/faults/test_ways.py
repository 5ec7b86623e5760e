"""Save-points, loops, a wide fan-out and a long year, with coordinators that die on the way."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.asked import Asked
from tests.faults.doomed import doomed

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITH_AN_UNDO_IN_HAND = ("transaction_begun", "commit_sent", "publish_acknowledged")
"""Where a coordinator can die while a scope is undone."""
QUARTERS = (90, 91, 92, 92)


async def outcome(waiting: Asked, saga_id: str) -> Any:
    rows = await waiting.fetch("SELECT outcome #>> '{}' AS outcome FROM saga WHERE saga_id = $1", saga_id)
    return rows[0]["outcome"]


async def undone(waiting: Asked, saga_id: str) -> list[int]:
    """The steps whose undos were sent, in that order."""
    found = await waiting.fetch(
        "SELECT (e ->> 'step')::int AS step FROM history, json_array_elements(events) WITH ORDINALITY AS x (e, place) "
        "WHERE saga_id = $1 AND e ->> 'type' = 'undo_issued' ORDER BY seq, place",
        saga_id,
    )
    return [row["step"] for row in found]


@pytest.mark.parametrize("failpoint", WITH_AN_UNDO_IN_HAND)
async def test_a_scope_is_undone_whoever_dies(waiting: Asked, failpoint: str, tmp_path: Path) -> None:
    """T1 and no, C1, T3 and no, C3, T5 T6: the coordinator dies, and each is undone once, in its turn."""
    system = waiting.system
    dying = await doomed(system, 0, failpoint, tmp_path, times=4)
    saga_id = await waiting.start("weekend", failpoint, ["Nowhere", "nowhere", "Rome"], "completed")
    await dying
    await system.start_coordinator(0)
    await waiting.again()
    await waiting.reached(saga_id, "saga_completed")
    assert await undone(waiting, saga_id) == [1, 3]
    assert '"Rome"' in await outcome(waiting, saga_id)
    assert await waiting.faults() == []


async def test_a_loop_is_undone_in_reverse_each_pass_with_its_own_data(waiting: Asked, tmp_path: Path) -> None:
    """Three passes, the fourth is refused: three undos, the last first. The coordinator dies on the way."""
    system = waiting.system
    dying = await doomed(system, 0, "publish_acknowledged", tmp_path, times=6)
    saga_id = await waiting.start("round_trip", "loop", ["Rome", "Oslo", "Bonn", "Atlantis"], "compensated")
    await dying
    assert len(await undone(waiting, saga_id)) < 3
    await system.start_coordinator(0)
    await waiting.reached(saga_id, "saga_compensated")
    assert await undone(waiting, saga_id) == [3, 2, 1]
    assert await waiting.faults() == []


async def test_past_the_point_of_no_return_nothing_is_undone(waiting: Asked) -> None:
    """It is cancelled, its deadline passes, its coordinator is killed, the service is away: it goes on, and only on."""
    system = waiting.system
    saga_id = await waiting.start("one_way", "forward", ["Ada", "Bob"], "completed")
    await waiting.reached(saga_id, "signal_awaited")
    await waiting.act(saga_id, "cancel", "changed my mind")
    await system.participants["flights"].stop()
    await waiting.moved_on("60 days")
    assert await waiting.signal(saga_id, "go", None, "go-1", coordinator=1)
    await waiting.reached(saga_id, "step_issued", 4)
    system.coordinators[1].kill()
    await system.coordinators[1].ended()
    await system.start_coordinator(0)
    await system.start_participant("flights")
    assert await waiting.signal(saga_id, "go", None, "go-2")
    await waiting.reached(saga_id, "saga_completed")
    assert await undone(waiting, saga_id) == []
    assert not {"compensation_started", "undo_issued"} & {*await waiting.events(saga_id)}
    assert await waiting.faults() == []


async def test_a_thousand_steps_at_once(waiting: Asked) -> None:
    """The coordinator is killed while they are under way."""
    saga_id = await waiting.start("excursion", "thousand", 1_000, "completed")
    await waiting.reached(saga_id, "step_succeeded", 300)
    waiting.system.coordinators[0].kill()
    await waiting.system.coordinators[0].ended()
    await waiting.system.start_coordinator(0)
    await waiting.reached(saga_id, "saga_completed")
    assert '"result":1000' in (await outcome(waiting, saga_id)).replace(" ", "")
    assert await waiting.faults() == []


async def test_a_year_with_a_signal_a_day(waiting: Asked) -> None:
    """On another coordinator each quarter, and it is that quarter there."""
    saga_id = await waiting.start("year", "year", 365, "completed")
    await waiting.reached(saga_id, "signal_awaited")
    day = 0
    for quarter, days in enumerate(QUARTERS):
        number = quarter % 2
        if quarter:
            waiting.system.coordinators[1 - number].kill()
            await waiting.system.coordinators[1 - number].ended()
            await waiting.it_is(f"{day} days")
            await waiting.system.start_coordinator(number)
        for _ in range(days):
            day += 1
            assert await waiting.signal(saga_id, "day", 1, f"day-{day}", coordinator=number)
    await waiting.reached(saga_id, "saga_completed")
    assert '"result":365' in (await outcome(waiting, saga_id)).replace(" ", "")
    assert await waiting.faults() == []
