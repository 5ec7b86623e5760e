"""The floor of those who write in batches: a saga's rows through the store itself, 200 sagas a transaction."""

import asyncio
from time import perf_counter

from benchmarks.floor_rows import writes
from coordinator.store.connection import connect
from coordinator.store.saga_store import PostgresStore

SAGAS = 200
CONNECTIONS = 2


class RowsLost(Exception):
    """The store did not write what it was given: the floor has no figure."""


async def batch_floor(database_url: str, seconds: float) -> float:
    """Sagas a second, in a database of its own with the schema of the store. Raises RowsLost."""
    pool = await connect(database_url, pool_size=CONNECTIONS)
    store = PostgresStore(pool)
    begin = perf_counter()
    try:
        counts = await asyncio.gather(*(_batches(store, number, begin + seconds) for number in range(CONNECTIONS)))
        return sum(counts) / (perf_counter() - begin)
    finally:
        await pool.close()


async def _batches(store: PostgresStore, number: int, end: float) -> int:
    count = 0
    while perf_counter() < end:
        saga_ids = [f"batch-floor:{number}-{count + each}" for each in range(SAGAS)]
        for batch, confirmed in writes(saga_ids):
            if len(await store.commit(batch, confirmed)) < SAGAS:
                raise RowsLost(f"Of {SAGAS} new sagas, some were there already.")
        count += SAGAS
    return count
