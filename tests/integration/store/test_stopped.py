"""A process that is stopped in the middle of a transaction, and lives: its locks must not outlast all patience."""

import asyncio
from contextlib import suppress

import pytest

from coordinator.runtime.ports import StoreUnavailable
from coordinator.store.connection import connect
from coordinator.store.saga_store import PostgresStore
from tests.conformance.writes import start

PATIENCE_S = 10


@pytest.mark.parametrize("statement_cache", [200, 0], ids=["own sessions", "pooled elsewhere"])
@pytest.mark.parametrize("prepares", [False, True], ids=["between two statements", "before a prepared statement"])
async def test_its_locks_end(migrated_url: str, store: PostgresStore, statement_cache: int, prepares: bool) -> None:
    """Between two statements the server's limit for idle transactions counts. Between the preparation of a statement
    and its execution it does not, nor the limit for statements."""
    stopped = await connect(migrated_url, statement_timeout=0.5, statement_cache_size=statement_cache)
    async with stopped.connection() as connection:
        await connection.execute(stopped.settings.begin)
        await connection.execute("INSERT INTO history VALUES ('book_trip:a', 1, '[]', now())")
        if prepares:
            await connection.prepare("SELECT 1")
        won = frozenset[str]()
        async with asyncio.timeout(PATIENCE_S):
            while not won:
                with suppress(StoreUnavailable):
                    won = await store.commit([start("book_trip:a")], [])
    assert won == {"book_trip:a"}
    await stopped.close()
