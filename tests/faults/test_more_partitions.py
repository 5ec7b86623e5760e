"""F6: topics get more partitions while everything runs."""

import signal

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from tests.faults.queues import groups_of
from tests.faults.system import System, death_of
from tests.faults.trips import Trips

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def add_partitions(system: System) -> None:
    """One to each topic that a group reads."""
    admin = AIOKafkaAdminClient(bootstrap_servers=system.servers.kafka.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics([*groups_of(system)])
        await admin.create_partitions({each["topic"]: NewPartitions(len(each["partitions"]) + 1) for each in described})
    finally:
        await admin.close()


@pytest.mark.parametrize("killed", ["nobody", "participants", "coordinator"])
async def test_new_partitions_are_read(system: System, trips: Trips, killed: str) -> None:
    """Also by a process that was killed before it saw them, and that has its old partitions back under its name."""
    await trips.ask_for(6)
    await add_partitions(system)
    match killed:
        case "participants":
            for name, part in system.participants.items():
                part.send(signal.SIGKILL)
                await death_of(part)
                await system.start_participant(name)
        case "coordinator":
            system.coordinators[0].kill()
            await death_of(system.coordinators[0])
            await system.start_coordinator()
        case _:
            pass
    await trips.ask_for(30)
    await trips.again()
    assert await trips.faults() == []
