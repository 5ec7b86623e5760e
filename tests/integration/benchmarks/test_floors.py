"""What the floors write fits the schema, and the oracle sees what a run did wrong."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path

import asyncpg
import pytest

from benchmarks.batch_floor import SAGAS, batch_floor
from benchmarks.floor_rows import statements
from benchmarks.oracle import OracleFailed, check, check_effects
from benchmarks.probe.turn import ProbeFailed, probe
from benchmarks.row_floor import row_floor


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A session in it."""
    connection = await asyncpg.connect(migrated_url)
    yield connection
    await connection.close()


async def test_transitions_leave_a_finished_saga(database: asyncpg.Connection, migrated_url: str) -> None:
    """The statements of the chain and of pgbench leave what a completed saga leaves."""
    for statement in statements():
        sql, values = statement.positional()
        assert await database.fetchval(sql, "three_steps:1", *values) == "three_steps:1"
    await check(migrated_url, {"completed": 1})


async def test_row_floor_has_a_figure(migrated_url: str) -> None:
    """pgbench runs the transitions, or asyncpg where it is not installed."""
    assert (await row_floor(migrated_url, 1)).rate > 0


async def test_batch_floor_writes_whole_batches(database: asyncpg.Connection, migrated_url: str) -> None:
    """Through the store: every saga is completed, with four rows of history."""
    assert await batch_floor(migrated_url, 0.01) > 0
    count = await database.fetchval("SELECT count(*) FROM saga")
    assert count >= SAGAS
    await check(migrated_url, {"completed": count})
    assert await database.fetchval("SELECT count(*) FROM history") == 4 * count


async def test_the_probe_finishes_every_saga(
    database: asyncpg.Connection, migrated_url: str, bootstrap: str, tmp_path: Path
) -> None:
    """Over Kafka and back: each completed, with four rows of history, and a turn begins with empty tables."""
    async with probe(bootstrap, migrated_url, tmp_path, warm_up_s=0.1) as turn:
        assert (await turn(1, 0.1)).rate > 0
        came = await turn(50, 0.1)
    assert came.sagas >= 100
    await check(migrated_url, {"completed": came.sagas})
    assert await database.fetchval("SELECT count(*) FROM history") == 4 * came.sagas


async def test_a_probe_that_loses_a_saga_has_no_figure(
    database: asyncpg.Connection, migrated_url: str, bootstrap: str, tmp_path: Path
) -> None:
    """The database forgets that one has ended: the turn fails."""
    await database.execute(
        "CREATE RULE forgets AS ON UPDATE TO saga WHERE NEW.saga_id = 'three_steps:1' DO INSTEAD NOTHING"
    )
    async with probe(bootstrap, migrated_url, tmp_path, warm_up_s=0.1) as turn:
        with pytest.raises(ProbeFailed):
            await turn(1, 0.1)


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM saga",
        "DELETE FROM history WHERE seq = 2",
        "DELETE FROM history",
        "UPDATE saga SET status = 'compensated'",
        "UPDATE saga SET status = 'running', ended_at = NULL",
    ],
)
async def test_oracle_sees_harm(database: asyncpg.Connection, migrated_url: str, harm: str) -> None:
    """A lost saga, a gap, a saga without history, another end, no end: each fails the run."""
    for statement in statements():
        sql, values = statement.positional()
        await database.fetch(sql, "three_steps:1", *values)
    await database.execute(harm)
    with pytest.raises(OracleFailed):
        await check(migrated_url, {"completed": 1})


@pytest.mark.parametrize(
    ("harm", "fails"),
    [
        ("SELECT", False),
        ("INSERT INTO effect SELECT * FROM effect LIMIT 1", True),
        ("DELETE FROM effect WHERE command_id = 'a'", True),
        ("DELETE FROM effect WHERE direction = 'undo'", True),
    ],
)
async def test_oracle_counts_effects(database: asyncpg.Connection, migrated_url: str, harm: str, fails: bool) -> None:
    """Two done, one of them undone: a doubled effect, a lost one and a lost undo each fail the run."""
    await database.execute("CREATE TABLE effect (command_id text, direction text, number bigint)")
    await database.execute("INSERT INTO effect VALUES ('a', 'forward', 1), ('b', 'forward', 2), ('b', 'undo', 2)")
    await database.execute(harm)
    with pytest.raises(OracleFailed) if fails else nullcontext():
        await check_effects(migrated_url, done=2, undone=1)
