"""A start reads what is due, however many sagas have ended or sleep: 1,000 or 100,000, it is the same."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from coordinator.catalogue import DEFINITIONS
from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers
from coordinator.runtime.shards import shard_of
from tests.faults.system import System, deployed
from tests.faults.waiting import until
from tests.sagas import SagaDriver

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEW, MANY = 1_000, 100_000
DUE = "book_trip:due"


@dataclass(frozen=True, slots=True)
class Work:
    """What Postgres did for a coordinator from its start to the first progress."""

    rows: int
    """Read from tables."""
    entries: int
    """Read from indexes."""

    def __sub__(self, before: "Work") -> "Work":
        return Work(self.rows - before.rows, self.entries - before.entries)


def slept_through() -> SagaDriver:
    """A trip that was to sleep for half a second, and whose coordinator died."""
    trip = {"trip_id": "due", "traveller": "Ada", "destination": "Rome", "card": "visa", "pause": 0.5}
    saga = SagaDriver(*DEFINITIONS, key="due").start(trip)
    saga.succeeds("flights.reserve", {"ref": "FL", "price": 1})
    return saga.succeeds("hotels.reserve", {"ref": "HO", "price": 1})


@asynccontextmanager
async def connected(system: System) -> AsyncGenerator[asyncpg.Connection]:
    """A connection to the coordinator's database."""
    connection = await asyncpg.connect(system.database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def fill(connection: asyncpg.Connection, sagas: int) -> int:
    """So many that have ended, so many that sleep for a month, and one that should have been woken long ago; the length
    of its history."""
    saga = slept_through()
    rows = [row.decode() for row in saga.rows]
    insert = """
        INSERT INTO saga (saga_id, definition, version, status, input, wake_at, shard, started_at, ended_at, updated_at)
        SELECT 'book_trip:' || $1 || n, 'book_trip', 1, $2, '{}', $3, n % 1024, now(), $4, now()
        FROM generate_series(1, $5) AS n
    """
    history = """
        INSERT INTO history (saga_id, seq, events, at)
        SELECT 'book_trip:' || $1 || n, place, row::json, now()
        FROM generate_series(1, $2) AS n, unnest($3::text[]) WITH ORDINALITY AS e (row, place)
    """
    now: Any = await connection.fetchval("SELECT now()")
    month: Any = await connection.fetchval("SELECT now() + interval '30 days'")
    await connection.execute(insert, "ended-", "completed", None, now, sagas)
    await connection.execute(insert, "asleep-", "running", month, None, sagas)
    for name in ("ended-", "asleep-"):
        await connection.execute(history, name, sagas, rows)
    await connection.execute(
        "INSERT INTO saga (saga_id, definition, version, status, input, wake_at, shard, started_at, updated_at) "
        "VALUES ($1, 'book_trip', 1, 'running', '{}', now() - interval '1 hour', $2, now(), now())",
        DUE,
        shard_of(DUE),
    )
    await connection.executemany(
        "INSERT INTO history (saga_id, seq, events, at) VALUES ($1, $2, $3::json, now())",
        [(DUE, seq, row) for seq, row in enumerate(rows, 1)],
    )
    await connection.execute("ANALYZE")
    return len(rows)


async def work_of(connection: asyncpg.Connection) -> Work:
    """So far. What a process did is counted in full once its connections are closed."""
    rows: Any = await connection.fetchval(
        "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
    )
    entries: Any = await connection.fetchval("SELECT sum(idx_tup_read) FROM pg_stat_user_indexes")
    return Work(int(rows), int(entries))


async def work_of_a_start(system: System, sagas: int) -> Work:
    """From a coordinator's start until it has woken the saga that is due, and has been stopped."""
    await system.coordinators[0].stop()
    async with connected(system) as connection:
        rows = await fill(connection, sagas)
        before = await work_of(connection)
        await system.start_coordinator()

        async def woken() -> bool:
            found = "SELECT true FROM history WHERE saga_id = $1 AND seq = $2"
            return bool(await connection.fetchval(found, DUE, rows + 1))

        await until(woken)
        await system.coordinators[0].stop()
        return await work_of(connection) - before


async def work_of_one_look_at_all(system: System) -> Work:
    """The same measure of something that does read them all."""
    async with connected(system) as connection:
        before = await work_of(connection)
        async with connected(system) as another:
            await another.fetch("SELECT saga_id FROM saga WHERE status = 'running' AND wake_at IS NOT NULL")
        return await work_of(connection) - before


@pytest_asyncio.fixture(loop_scope="module")
async def systems(
    servers: Servers[PostgresServer, KafkaServer], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[System]]:
    """Two that are alike."""
    systems = [System(servers, tmp_path_factory.mktemp("many"), participants=()) for _ in range(2)]
    async with deployed(*systems):
        yield systems


async def test_a_start_reads_only_what_is_due(systems: list[System]) -> None:
    """The work until the first progress is no function of the number of sagas, and no work goes uncounted."""
    few, many = [await work_of_a_start(system, sagas) for system, sagas in zip(systems, (FEW, MANY), strict=True)]
    assert max(few.rows, few.entries) < FEW
    assert many.rows < few.rows + 200
    assert many.entries < few.entries + 200
    assert (await work_of_one_look_at_all(systems[1])).rows >= MANY
