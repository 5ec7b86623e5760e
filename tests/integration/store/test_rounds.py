"""A statement that began before a round was over, and comes to its row when the rows of that round are gone."""

import asyncio

import asyncpg
import pytest

from coordinator.runtime.ports import SagaWrite
from coordinator.store.connection import Pool
from coordinator.store.saga_store import PostgresStore
from tests.conformance.writes import another_round, command, start, step
from tests.integration.store.test_outages import WAITING, Until

SAGA = "book_trip:b"
LATE = {
    "in the round that is over": step(SAGA, 4, command(SAGA, 1), first_row=2),
    "at its second row": step(SAGA, 3, command(SAGA, 1), first_row=2),
    "in the first round": step(SAGA, 2, command(SAGA, 1)),
    "with a round of its own": another_round(SAGA, 4, 3, command(SAGA, 1), first_row=2),
}


@pytest.mark.parametrize("stepwise", [False, True], ids=["at_once", "stepwise"])
@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
async def test_a_key_that_is_free_again_is_taken_by_nobody(
    pool: Pool, outsider: asyncpg.Connection, until: Until, late: SagaWrite, stepwise: bool
) -> None:
    """It waits for another saga of its batch meanwhile, and still sees the rows that are deleted."""
    mine, theirs = PostgresStore(pool), PostgresStore(pool, stepwise=stepwise)
    second = [step(SAGA, seq, first_row=2) for seq in (3, 4)]
    for write in (start(SAGA), another_round(SAGA, 2, 2), *second):
        await mine.commit([write], [])
    transaction = outsider.transaction()
    await transaction.start()
    await outsider.execute("INSERT INTO history VALUES ('book_trip:a', 1, '[]', now())")
    commit = asyncio.ensure_future(theirs.commit([start("book_trip:a"), late], []))
    await until(WAITING)
    assert await mine.commit([another_round(SAGA, 5, 3, first_row=2)], []) == {SAGA}
    await transaction.rollback()
    assert await commit == {"book_trip:a"}
    assert [bytes(row, "utf-8") if isinstance(row, str) else row for row in (await mine.load([SAGA]))[SAGA].rows] == [
        b'["round 3"]'
    ]
    assert await mine.outbox_of([SAGA]) == []
    kept = await outsider.fetch("SELECT seq, events FROM history WHERE saga_id = $1 ORDER BY seq", SAGA)
    assert [(row["seq"], row["events"]) for row in kept] == [(1, "[]"), (2, "[ ]"), (5, '["round 3"]')]


@pytest.mark.parametrize("stepwise", [False, True], ids=["at_once", "stepwise"])
async def test_rounds_of_one_row_leave_no_more_than_others(
    pool: Pool, outsider: asyncpg.Connection, stepwise: bool
) -> None:
    """The rows of the first round, and the one behind it, whatever there is behind that."""
    store = PostgresStore(pool, stepwise=stepwise)
    for write in (start(SAGA), step(SAGA, 2), another_round(SAGA, 3, 2)):
        assert await store.commit([write], []) == {SAGA}
    for seq in range(4, 20):
        assert await store.commit([another_round(SAGA, seq, seq - 1, first_row=seq - 1)], []) == {SAGA}
    kept = await outsider.fetch("SELECT seq FROM history WHERE saga_id = $1 ORDER BY seq", SAGA)
    assert [row["seq"] for row in kept] == [1, 2, 3, 19]
    for late in (step(SAGA, 3), step(SAGA, 4, first_row=3), step(SAGA, 20, first_row=18)):
        assert await store.commit([late], []) == frozenset(), late
