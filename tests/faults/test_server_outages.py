"""Kafka and Postgres stop, crash and forget in the middle of many sagas."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from coordinator.embedded.kafka import EmbeddedKafka
from coordinator.embedded.postgres import EmbeddedPostgres, StopMode
from tests.faults.queues import groups_of
from tests.faults.system import System, death_of
from tests.faults.trips import Trips

MOST_LINES = 1_500
"""A part that logs more of an outage of some seconds is in a loop that does not pause."""
PATIENT_S = 15.0
"""A trip whose step is tried for 28 s may rightly be undone when a server took longer than this to come again."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def survives(trips: Trips, outage: Callable[[], Awaitable[None]], record_property: Any) -> None:
    """Trips are asked for before, during and after the outage; all that was acknowledged ends as it should, and nobody
    runs hot meanwhile."""
    logged = trips.system.log_lines()
    await trips.ask_for(24)
    await trips.under_way(36)
    began = monotonic()
    under_way = asyncio.ensure_future(outage())
    while not under_way.done():
        await trips.ask("slow_declined")
    under_way.result()
    over = monotonic()
    await trips.ask_for(12)
    await trips.again()
    assert await trips.faults(as_expected=over - began < PATIENT_S) == []
    record_property("recovered_s", round(monotonic() - over, 2))
    grown = {name: lines - logged.get(name, 0) for name, lines in trips.system.log_lines().items()}
    assert max(grown.values()) < MOST_LINES, grown


async def test_kafka_is_restarted(
    system: System, trips: Trips, embedded_kafka: EmbeddedKafka, record_property: Any
) -> None:
    """Commands wait in the outbox, replies on their topic; starts are accepted all the while."""
    await survives(trips, embedded_kafka.restart, record_property)


async def test_kafka_is_killed(
    system: System, trips: Trips, embedded_kafka: EmbeddedKafka, record_property: Any
) -> None:
    """What it had acknowledged is there; what it had not is sent again."""

    async def crash() -> None:
        embedded_kafka.kill()
        await embedded_kafka.start()

    await survives(trips, crash, record_property)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_postgres_is_restarted(
    system: System, trips: Trips, embedded_postgres: EmbeddedPostgres, mode: StopMode, record_property: Any
) -> None:
    """For the coordinator and for every participant; facts wait meanwhile, and unknown outcomes are read back."""
    await survives(trips, lambda: embedded_postgres.restart(mode), record_property)


async def test_topics_are_deleted(
    system: System, trips: Trips, embedded_kafka: EmbeddedKafka, record_property: Any
) -> None:
    """K3: with all that was on them. They are made again, and what was under way is sent again."""

    async def delete() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=embedded_kafka.bootstrap)
        await admin.start()
        await admin.delete_topics([*groups_of(system)])
        await admin.close()

    await survives(trips, delete, record_property)


async def test_everything_is_killed_at_once(
    system: System,
    trips: Trips,
    embedded_kafka: EmbeddedKafka,
    embedded_postgres: EmbeddedPostgres,
    record_property: Any,
) -> None:
    """C5: both servers, the coordinator and all participants."""
    await trips.ask_for(24)
    await trips.under_way(36)
    parts = [system.coordinators[0], *system.participants.values()]
    began = monotonic()
    for each in [*parts, embedded_postgres, embedded_kafka]:
        each.kill()
    await asyncio.gather(*(death_of(part) for part in parts))
    await asyncio.gather(embedded_postgres.start(), embedded_kafka.start())
    died = monotonic()
    await asyncio.gather(*(system.start_participant(name) for name in system.participants), system.start_coordinator())
    await trips.again()
    assert await trips.faults(as_expected=died - began < PATIENT_S) == []
    record_property("recovered_s", round(monotonic() - died, 2))
