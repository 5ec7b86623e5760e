"""A participant is killed with SIGKILL at every place of its path, while a coordinator works with it."""

import asyncio
import signal
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from contracts.failpoints import PARTICIPANT_FAILPOINTS
from tests.faults.system import Armed, System, death_of
from tests.faults.trips import Trips

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def killed(system: System, trips: Trips, name: str) -> None:
    """Asks for more until the participant is dead."""
    death = asyncio.ensure_future(death_of(system.participants[name]))
    while not death.done():
        await trips.ask("declined")
    assert death.result() == -signal.SIGKILL


@pytest.mark.parametrize("failpoint", sorted(PARTICIPANT_FAILPOINTS))
async def test_killed_at_a_failpoint(
    system: System, trips: Trips, tmp_path: Path, failpoint: str, record_property: Any
) -> None:
    """Its effects are there once, each is answered, and no saga goes back because of it."""
    armed = Armed(failpoint, tmp_path, times=2)
    await system.start_participant("hotels", armed.environment)
    await trips.ask_for(12)
    await killed(system, trips, "hotels")
    assert armed.fired
    died = monotonic()
    await system.start_participant("hotels")
    assert await trips.faults() == []
    record_property("recovered_s", round(monotonic() - died, 2))


async def test_all_are_dead_between_commit_and_reply(
    system: System, trips: Trips, tmp_path: Path, record_property: Any
) -> None:
    """All three, each with an effect that nobody has heard of, and the coordinator: nothing is done a second time."""
    await trips.ask_for(12)
    for name in ("payments", "hotels", "flights"):
        armed = Armed("participant_committed", tmp_path)
        await system.start_participant(name, armed.environment)
        await killed(system, trips, name)
        assert armed.fired
    system.coordinators[0].kill()
    await death_of(system.coordinators[0])
    died = monotonic()
    await asyncio.gather(*(system.start_participant(name) for name in system.participants), system.start_coordinator())
    await trips.again()
    assert await trips.faults() == []
    record_property("recovered_s", round(monotonic() - died, 2))
