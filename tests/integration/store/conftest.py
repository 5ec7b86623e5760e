"""A store on a database of this test's own, and ways to disturb it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from coordinator.store.connection import Pool, connect
from coordinator.store.saga_store import PostgresStore
from tests.database import migrated_template, migrated_url

__all__ = ["migrated_template", "migrated_url"]


@pytest.fixture
async def pool(migrated_url: str) -> AsyncIterator[Pool]:
    """Three connections at most, and little patience."""
    pool = await connect(migrated_url, pool_size=3, statement_timeout=0.5, acquire_timeout=0.5)
    yield pool
    await pool.close()


@pytest.fixture
def store(pool: Pool) -> PostgresStore:
    """The store on it."""
    return PostgresStore(pool)


@pytest.fixture
async def outsider(migrated_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A session of somebody else in the same database."""
    connection = await asyncpg.connect(migrated_url)
    yield connection
    connection.terminate()


@pytest.fixture
async def until(migrated_url: str) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Returns once a query says true, asked in a session of its own. The timeout of the test is the limit."""
    # Its own, since within a transaction the activity of the others stands still.
    connection = await asyncpg.connect(migrated_url, server_settings={"application_name": "watcher"})

    async def wait(query: str) -> None:
        while not await connection.fetchval(query):
            pass

    yield wait
    connection.terminate()
