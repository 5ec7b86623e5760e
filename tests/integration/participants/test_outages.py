"""Kafka or Postgres goes away and comes back: nothing is lost and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from coordinator.embedded.kafka import EmbeddedKafka
from coordinator.embedded.postgres import EmbeddedPostgres
from participants.sdk import Worker
from tests.integration.participants.coordinator_side import CoordinatorSide, coordinator_side
from tests.integration.participants.served import service
from tests.integration.participants.test_kills import read_ledger, release, reserve
from tests.integration.participants.test_worker import effects, many, worker_of


@pytest.fixture
async def side(bootstrap: str, topic_prefix: str) -> AsyncIterator[CoordinatorSide]:
    """The coordinator's side, with its topics made."""
    async with coordinator_side(bootstrap, topic_prefix, "shop") as side:
        await side.make_topics()
        yield side


async def through_an_outage(
    side: CoordinatorSide, worker: Worker, kill: Callable[[], None], start: Callable[[], Awaitable[None]]
) -> None:
    """Commands come before, during and after it."""
    commands = many(side, 900)
    async with worker:
        await side.send(*commands[:300])
        await side.replies(1)
        kill()
        sending = asyncio.create_task(side.send(*commands[300:600]))
        await start()
        await sending
        await side.send(*commands[600:])
        await side.replies_to(commands)


async def test_kafka_is_killed_and_comes_back(
    side: CoordinatorSide, engine: AsyncEngine, embedded_kafka: EmbeddedKafka
) -> None:
    """What was in flight is sent again, what was not committed comes again."""
    await through_an_outage(side, worker_of(side, engine), embedded_kafka.kill, embedded_kafka.start)
    assert await effects(engine) == (900, 900)


async def test_postgres_is_killed_and_comes_back(
    side: CoordinatorSide, engine: AsyncEngine, embedded_postgres: EmbeddedPostgres
) -> None:
    """The batch is run again until the database is there; whether it had committed, the barrier knows."""
    await through_an_outage(side, worker_of(side, engine), embedded_postgres.kill, embedded_postgres.start)
    assert await effects(engine) == (900, 900)


async def test_a_named_process_has_its_partitions_back_at_once(
    bootstrap: str, topic_prefix: str, database_url: str, tmp_path: Path
) -> None:
    """Killed and started again, it does not wait until Kafka has missed it, which would take a minute here."""
    extra = {"AMENDS_PARTICIPANT_INSTANCE": "flights-0", "AMENDS_PARTICIPANT_SESSION_TIMEOUT_MS": "60000"}
    async with coordinator_side(bootstrap, topic_prefix, "flights") as side:
        await side.make_topics()
        async with service("flights", side, database_url, extra):
            await side.send(reserve(side, 1))
            await side.replies(1)
        async with service("flights", side, database_url, extra):
            await side.send(release(side, 1))
            await side.replies_to([release(side, 1)], seconds=20)
    assert (await read_ledger(database_url)).undone == 1
