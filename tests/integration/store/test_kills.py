"""kill -9 at each failpoint of a commit: all of it took effect, or nothing did."""

import asyncio
import os
import sys

import asyncpg
import pytest

from coordinator.store.connection import Pool
from coordinator.store.saga_store import PostgresStore
from tests.conformance.writes import command, start
from tests.integration.store.test_outages import OTHERS, Until

COMMIT = """
import asyncio, sys, uvloop
from coordinator.store.connection import connect
from coordinator.store.saga_store import PostgresStore
from coordinator.runtime.ports import Confirmed
from tests.conformance.writes import command, step

async def main():
    store = PostgresStore(await connect(sys.argv[1]), stepwise=sys.argv[3] == "stepwise")
    await store.commit([step("book_trip:a", 2, command("book_trip:a", 2))], [Confirmed("book_trip:a:1", 1)])

{"asyncio": asyncio.run, "uvloop": uvloop.run}[sys.argv[2]](main())
"""
BEFORE = ["transaction_begun", "history_written", "outbox_deleted", "outbox_written"]


async def killed_at(url: str, failpoint: str, loop: str, how: str = "stepwise") -> None:
    """A process that commits the second step of a saga, killed there."""
    environment = os.environ | {"AMENDS_FAILPOINTS": f"{failpoint}:kill"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", COMMIT, url, loop, how, env=environment)
    assert await process.wait() == -9


@pytest.mark.parametrize("failpoint", BEFORE)
async def test_before_the_commit_nothing_took_effect(
    pool: Pool, store: PostgresStore, migrated_url: str, failpoint: str, outsider: asyncpg.Connection, until: Until
) -> None:
    """The transaction goes with the process."""
    await store.commit([start("book_trip:a", command("book_trip:a", 1))], [])
    await killed_at(migrated_url, failpoint, "asyncio")
    await pool.close()
    await until(f"SELECT count(*) = 0 {OTHERS}")
    assert await outsider.fetchval("SELECT count(*) FROM history") == 1
    assert await outsider.fetchval("SELECT array_agg(command_id) FROM outbox") == ["book_trip:a:1"]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_commit_that_was_sent_takes_effect(
    store: PostgresStore, migrated_url: str, loop: str, outsider: asyncpg.Connection, until: Until
) -> None:
    """Though nobody is left to hear of it."""
    await store.commit([start("book_trip:a", command("book_trip:a", 1))], [])
    await killed_at(migrated_url, "commit_sent", loop)
    await until("SELECT count(*) = 2 FROM history")
    assert await outsider.fetchval("SELECT array_agg(command_id) FROM outbox") == ["book_trip:a:2"]


@pytest.mark.parametrize("how", ["stepwise", "at_once"])
async def test_an_acknowledged_commit_took_effect(
    store: PostgresStore, migrated_url: str, how: str, outsider: asyncpg.Connection
) -> None:
    """All of it."""
    await store.commit([start("book_trip:a", command("book_trip:a", 1))], [])
    await killed_at(migrated_url, "commit_acknowledged", "asyncio", how)
    assert await outsider.fetchval("SELECT count(*) FROM history") == 2
    assert await outsider.fetchval("SELECT array_agg(command_id) FROM outbox") == ["book_trip:a:2"]
