"""A saga that waits for a person: for a month, on another coordinator, and wherever a coordinator dies."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers
from tests.faults.approval import DEFINITIONS
from tests.faults.asked import Asked
from tests.faults.system import Armed, System, death_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_MS = 24 * 3_600 * 1_000
ON_THE_WAY = ("fact_received", "transaction_begun", "history_written", "commit_sent", "commit_acknowledged")
"""Where a coordinator can die with a signal in its hands."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deployment(
    servers: Servers[PostgresServer, KafkaServer], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """Two coordinators with the saga that waits, of which the first is started."""
    system = System(
        servers,
        tmp_path_factory.mktemp("approval"),
        participants=("flights", "hotels"),
        coordinators=2,
        settings={"AMENDS_CATALOGUE": "tests.faults.approval"},
    )
    try:
        await system.start()
        yield system
    finally:
        await system.close()


@pytest_asyncio.fixture(loop_scope="module")
async def asked(deployment: System) -> AsyncIterator[Asked]:
    """This test's own sagas; the first coordinator runs alone, and it is today."""
    async with Asked(deployment, DEFINITIONS) as asked:
        await it_is(asked, "0")
        await deployment.only_the_first()
        yield asked


async def it_is(asked: Asked, ahead: str) -> None:
    """The time of the deployment, for coordinators that are started from here on."""
    database = (await asked.fetch("SELECT current_database() AS name"))[0]["name"]
    await asked.fetch(f"ALTER DATABASE \"{database}\" SET amends.clock_ahead = '{ahead}'")


async def event(asked: Asked, saga_id: str, type: str) -> dict[str, Any]:
    """The first event of that type."""
    rows = await asked.fetch(
        "SELECT e FROM history, json_array_elements(events) AS e WHERE saga_id = $1 AND e ->> 'type' = $2 ORDER BY seq",
        saga_id,
        type,
    )
    return json.loads(rows[0]["e"])


async def moved_on(asked: Asked, ahead: str) -> None:
    """The first coordinator is killed; so much later the second is started."""
    system = asked.system
    system.coordinators[0].kill()
    await system.coordinators[0].ended()
    await it_is(asked, ahead)
    await system.start_coordinator(1)


async def test_an_approval_after_thirty_days_on_another_coordinator(asked: Asked) -> None:
    """Its row and its history are all there is of it meanwhile; the signal finds it standing where it stood."""
    saga_id = await asked.start("approved_trip", "month", 60, "completed")
    await asked.reached(saga_id, "signal_awaited")
    await moved_on(asked, "30 days")
    assert await asked.signal(saga_id, "approval", {"by": "Ann"}, "a-1", coordinator=1)
    await asked.reached(saga_id, "saga_completed")
    awaited, received = await event(asked, saga_id, "signal_awaited"), await event(asked, saga_id, "signal_received")
    assert 30 * DAY_MS <= received["at"] - awaited["at"] < 31 * DAY_MS
    assert await asked.faults() == []


async def test_no_approval_within_sixty_days(asked: Asked) -> None:
    """The timeout fires when the time has come, and the flight is given back."""
    saga_id = await asked.start("approved_trip", "never", 60, "compensated")
    await asked.reached(saga_id, "signal_awaited")
    await moved_on(asked, "61 days")
    await asked.reached(saga_id, "saga_compensated")
    assert "timer_fired" in await asked.events(saga_id)
    assert await asked.faults() == []


@pytest.mark.parametrize("failpoint", ON_THE_WAY)
async def test_a_coordinator_that_dies_with_a_signal(asked: Asked, failpoint: str, tmp_path: Path) -> None:
    """Sent again under the same id, before, during and after: the saga has it once."""
    system = asked.system
    saga_id = await asked.start("approved_trip", failpoint, 1, "completed")
    await asked.reached(saga_id, "signal_awaited")
    armed = Armed(failpoint, tmp_path)
    await system.coordinators[0].stop()
    await system.start_coordinator(0, armed.environment)
    dying = asyncio.create_task(death_of(system.coordinators[0]))
    while not await asked.signal(saga_id, "approval", {"by": "Ann"}, "a-1"):
        await dying
        await system.start_coordinator(0)
    if armed.disarm():
        dying.cancel()
    assert await asked.signal(saga_id, "approval", {"by": "Ann"}, "a-1")
    await asked.reached(saga_id, "saga_completed")
    events = await asked.events(saga_id)
    assert (events.count("signal_received"), events.count("signal_taken")) == (1, 1)
    assert await asked.faults() == []


async def test_signals_before_the_saga_asks_and_after_it_has_ended(asked: Asked) -> None:
    """What is early is kept, what is sent twice counts once, and what is too late is refused."""
    async with asyncio.TaskGroup() as group:
        starting = group.create_task(asked.start("approved_trip", "early", 1, "compensated"))
        saga_id = await starting
        no = {"by": "Bob", "approved": False}
        both = [group.create_task(asked.signal(saga_id, "approval", no, "no")) for _ in range(2)]
    assert all(each.result() for each in both)
    await asked.reached(saga_id, "saga_compensated")
    assert (await asked.events(saga_id)).count("signal_received") == 1
    assert not await asked.signal(saga_id, "approval", {"by": "Ann"}, "late")
    assert await asked.faults() == []
