"""Batches of two coordinators over the same sagas wait for each other in one direction only."""

import asyncio

import asyncpg
import pytest

from coordinator.store.connection import Pool
from coordinator.store.saga_store import PostgresStore
from tests.conformance.writes import start
from tests.integration.store.test_outages import WAITING, Until


@pytest.mark.parametrize("stepwise", [False, True], ids=["at_once", "stepwise"])
async def test_a_batch_takes_its_sagas_in_order(
    pool: Pool, stepwise: bool, outsider: asyncpg.Connection, until: Until
) -> None:
    """While it waits for the second saga it has the first and not yet the third, in whatever order it was given."""
    store = PostgresStore(pool, stepwise=stepwise)
    async with outsider.transaction():
        await outsider.execute("INSERT INTO history VALUES ('book_trip:b', 1, '[]', now())")
        commit = asyncio.ensure_future(store.commit([start(f"book_trip:{one}") for one in "cab"], []))
        await until(WAITING)
        await outsider.execute("INSERT INTO history VALUES ('book_trip:c', 1, '[]', now())")
    assert await commit == {"book_trip:a"}
