"""The coordinator is killed with SIGKILL at every place of a step's path, and started again."""

import asyncio
import contextlib
import signal
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from contracts.failpoints import COORDINATOR_FAILPOINTS
from coordinator.cli.processes import ProcessFailed
from tests.faults.system import DIES_WITHIN_S, Armed, System, death_of
from tests.faults.trips import Trips

pytestmark = pytest.mark.asyncio(loop_scope="session")

TIMES = {
    "batch_loaded": 4,
    "commit_acknowledged": 5,
    "commit_sent": 4,
    "fact_received": 20,
    "history_written": 4,
    "offsets_committed": 2,
    "outbox_deleted": 3,
    "outbox_written": 5,
    "publish_acknowledged": 3,
    "publish_queued": 3,
    "start_unanswered": 7,
    "timer_fired": 2,
    "transaction_begun": 3,
}
"""Places that each step passes, and at which time of passing the process is killed: in the middle of many sagas."""
IN_RECOVERY = sorted(TIMES.keys() - {"start_unanswered", "fact_received", "outbox_deleted", "timer_fired"})
"""Places where it is killed again while it recovers."""
AT_WORK = sorted(TIMES.keys() - set(IN_RECOVERY) | {"commit_sent", "publish_acknowledged"})
"""Those where it is killed while it works: all the others, and two that matter most."""
ELSEWHERE = {"partitions_revoked", "sweep_half_done"}
"""Places that need more than sagas to be reached."""


async def killed(system: System, trips: Trips) -> None:
    """Asks for more until the coordinator is dead."""
    death = asyncio.ensure_future(death_of(system.coordinators[0]))
    while not death.done():
        await asyncio.wait([death, asyncio.ensure_future(trips.ask("declined"))], return_when=asyncio.FIRST_COMPLETED)
    assert death.result() == -signal.SIGKILL


async def recovered(trips: Trips, record_property: Any, since: float) -> None:
    """It is quiet again and nothing is wrong."""
    await trips.again()
    assert await trips.faults() == []
    record_property("recovered_s", round(monotonic() - since, 2))


async def test_every_failpoint_has_its_kill() -> None:
    """No place on the path is left out."""
    assert {*AT_WORK, *IN_RECOVERY, *ELSEWHERE} == COORDINATOR_FAILPOINTS


@pytest.mark.parametrize("failpoint", AT_WORK)
async def test_killed_in_the_middle_of_many_sagas(
    system: System, trips: Trips, tmp_path: Path, failpoint: str, record_property: Any
) -> None:
    """All that was acknowledged ends as it should, everything is done once, and what is undone is undone in order."""
    armed = Armed(failpoint, tmp_path, times=TIMES[failpoint])
    await system.coordinators[0].stop()
    await system.start_coordinator(extra=armed.environment)
    await trips.ask_for(12)
    await killed(system, trips)
    assert armed.fired
    died = monotonic()
    await system.start_coordinator()
    await recovered(trips, record_property, died)


async def test_killed_in_the_middle_of_a_sweep(
    system: System, trips: Trips, tmp_path: Path, record_property: Any
) -> None:
    """Killed while it looks for what an earlier kill left behind: the next one finds it."""
    armed = Armed("sweep_half_done", tmp_path)
    await trips.ask_for(18)
    system.coordinators[0].kill()
    await death_of(system.coordinators[0])
    await system.coordinators[0].launch(armed.environment)
    assert await death_of(system.coordinators[0]) == -signal.SIGKILL
    assert armed.fired
    died = monotonic()
    await system.start_coordinator()
    await recovered(trips, record_property, died)


async def test_killed_when_partitions_are_taken_away(
    system: System, trips: Trips, tmp_path: Path, record_property: Any
) -> None:
    """A second coordinator joins, the first dies while it hands over: the second goes on with everything."""
    armed = Armed("partitions_revoked", tmp_path)
    await system.coordinators[0].stop()
    await system.start_coordinator(extra=armed.environment)
    await trips.ask_for(18)
    joining = asyncio.ensure_future(system.start_coordinator(1))
    assert await death_of(system.coordinators[0]) == -signal.SIGKILL
    assert armed.fired
    died = monotonic()
    await joining
    await trips.again(coordinator=1)
    assert await trips.faults() == []
    record_property("recovered_s", round(monotonic() - died, 2))


async def test_killed_again_in_every_recovery(
    system: System, trips: Trips, tmp_path: Path, record_property: Any
) -> None:
    """Killed ten times, each time while it recovers from the time before."""
    await trips.ask_for(24)
    system.coordinators[0].kill()
    await death_of(system.coordinators[0])
    for place in [*IN_RECOVERY, "sweep_half_done"]:
        armed = Armed(place, tmp_path)
        with contextlib.suppress(ProcessFailed):
            await asyncio.wait_for(system.start_coordinator(extra=armed.environment), DIES_WITHIN_S)
        await killed(system, trips)
        assert armed.fired
    died = monotonic()
    await system.start_coordinator()
    await recovered(trips, record_property, died)
