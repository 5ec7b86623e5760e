"""Calls that are cancelled anywhere leak no connection (asyncpg#464)."""

import asyncio
import random

import asyncpg
import pytest

from coordinator.store.connection import Pool
from coordinator.store.saga_store import PostgresStore
from tests.conformance.writes import command, start
from tests.integration.store.test_outages import OTHERS, Until


@pytest.mark.parametrize("stepwise", [False, True], ids=["at_once", "stepwise"])
async def test_every_connection_can_be_had_afterwards(
    pool: Pool, stepwise: bool, outsider: asyncpg.Connection, until: Until
) -> None:
    """Three hundred commits, each cancelled after another number of turns: in acquire, connect, statement or commit."""
    store = PostgresStore(pool, stepwise=stepwise)
    dice = random.Random(7)
    for n in range(60):
        saga = f"book_trip:{n}"
        calls = [asyncio.ensure_future(store.commit([start(saga, command(saga, 1))], [])) for _ in range(5)]
        for call in calls:
            for _ in range(dice.randrange(12)):
                await asyncio.sleep(0)
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    # What was cut off ends at the server by itself; nobody is left inside a transaction, nobody holds a lock.
    await until(f"SELECT count(*) <= 3 {OTHERS}")
    await until(f"SELECT count(*) = 0 {OTHERS} AND state LIKE 'idle in transaction%'")
    async with pool.connection() as first, pool.connection() as second, pool.connection() as third:
        assert len({await one.fetchval("SELECT pg_backend_pid()") for one in (first, second, third)}) == 3


async def test_a_cancelled_commit_is_whole_or_nothing(store: PostgresStore, outsider: asyncpg.Connection) -> None:
    """Its history row, saga row and outbox row are all there, or none is."""
    for turns in range(30):
        saga = f"book_trip:{turns}"
        call = asyncio.ensure_future(store.commit([start(saga, command(saga, 1))], []))
        for _ in range(turns):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    ids = "(SELECT array_agg(saga_id ORDER BY saga_id) FROM {})"
    tables = [ids.format(table) for table in ("history", "saga", "outbox")]
    same = " AND ".join(f"{one} IS NOT DISTINCT FROM {tables[0]}" for one in tables)
    assert await outsider.fetchval(f"SELECT {same}")  # in one snapshot: some may still be at it
