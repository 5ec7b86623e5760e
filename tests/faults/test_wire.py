"""What really travels is what the committed schemas promise."""

import pytest

from tests.contracts.wire import Wire
from tests.faults.queues import all_records
from tests.faults.system import System, death_of
from tests.faults.trips import Trips

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_all_records_of_a_run_are_as_promised(system: System, trips: Trips) -> None:
    """Trips of every kind, the coordinator and a participant killed in between: commands, undos, replies and what was
    set aside, by headers, key and value."""
    await trips.ask_for(18)
    for part in (system.coordinators[0], system.participants["hotels"]):
        part.kill()
        await death_of(part)
    await system.start_coordinator()
    await system.start_participant("hotels")
    await trips.again()
    await trips.ask_for(6)
    assert await trips.faults() == []
    topics = system.topics
    commands = [topics.commands(name) for name in system.participants]
    wire = Wire(topics)
    for record in await all_records(system, [*commands, topics.replies, topics.dead_letters]):
        if (record.key or b"").decode() in trips.expected:
            wire.check(record.topic, record.headers, record.value, record.key)
    answers = {f"{each}.succeeded" for each in ("flights.reserve", "hotels.reserve", "payments.charge")}
    commands_and_undos = {"flights.reserve", "flights.reserve.undo", "flights.issue_ticket", "hotels.reserve"}
    assert wire.seen.keys() >= {*answers, *commands_and_undos, "hotels.reserve.undo", "undone", "refused"}
    assert sum(wire.seen.values()) > 24 * 6
