"""The log of all sagas, on Postgres."""

import asyncio
from collections.abc import Mapping, Sequence

import asyncpg

from contracts.failpoints import failpoint
from coordinator.runtime.ports import Confirmed, Due, OutboxRow, SagaWrite, StoredSaga, StoreUnavailable, partition_in
from coordinator.store import statements
from coordinator.store.batch import batch_of, in_order, read_headers
from coordinator.store.connection import Pool
from coordinator.store.refusals import translated

_BEFORE_ALL = (float("-inf"), "")


class PostgresStore:
    """Answers the port ``SagaStore``."""

    def __init__(self, pool: Pool, *, stepwise: bool = False) -> None:
        """``stepwise`` writes a batch statement by statement, so that a process can be killed between any two.

        Behind a pooler that is the only way; elsewhere one statement does it all, in one round trip.
        """
        self._pool = pool
        self._stepwise = stepwise or pool.settings.pooled_elsewhere

    async def load(self, saga_ids: Sequence[str]) -> Mapping[str, StoredSaga]:
        """See the port."""
        found = await self._pool.fetch(statements.LOAD, saga_ids)
        return {row["saga_id"]: StoredSaga(tuple(row["rows"]), row["wake_at"], row["shard"]) for row in found}

    async def commit(self, writes: Sequence[SagaWrite], confirmed: Sequence[Confirmed]) -> frozenset[str]:
        """See the port. A write whose predecessor is missing loses too: a history has no gaps."""
        if not writes and not confirmed:
            return frozenset()
        writes = in_order(writes)
        if self._stepwise:
            return await self._commit_stepwise(writes, confirmed)
        batch = batch_of(writes, confirmed)
        if not writes:
            await self._pool.execute(statements.DELETE_CONFIRMED, *batch.confirmed)
            return frozenset()
        with translated() as attempt:
            async with self._pool.connection() as connection:
                attempt.commit_sent = True
                won = await connection.fetch(batch.statement, *batch.columns)
        failpoint("commit_acknowledged")
        return frozenset(row[0] for row in won)

    async def _commit_stepwise(self, writes: Sequence[SagaWrite], confirmed: Sequence[Confirmed]) -> frozenset[str]:
        tried = batch_of(writes, confirmed)
        with translated() as attempt:
            async with self._pool.connection() as connection:
                await connection.execute(self._pool.settings.begin)
                failpoint("transaction_begun")
                won = frozenset(row[0] for row in await connection.fetch(tried.write_history, *tried.history))
                failpoint("history_written")
                winners = batch_of([write for write in writes if write.saga_id in won], confirmed)
                if winners.starts:
                    await connection.execute(winners.start_sagas, *winners.starts)
                if winners.changes:
                    await connection.execute(winners.change_sagas, *winners.changes)
                if winners.over:
                    await connection.execute(statements.FORGET, *winners.over)
                    await connection.execute(statements.EMPTY, *winners.over)
                # First, so that a newer attempt of a confirmed command stays.
                if winners.confirmed:
                    await connection.execute(statements.DELETE_CONFIRMED, *winners.confirmed)
                failpoint("outbox_deleted")
                if winners.outbox:
                    await connection.execute(statements.KEEP_OUTBOX, *winners.outbox)
                failpoint("outbox_written")
                attempt.commit_sent = True
                await _commit(connection)
        failpoint("commit_acknowledged")
        return won

    async def due(self, before: int, limit: int, after: tuple[int, str] | None = None) -> Sequence[Due]:
        """See the port."""
        found = await self._pool.fetch(statements.DUE, before, *(after or _BEFORE_ALL), limit)
        return [Due(row["wake_at"], row["saga_id"], row["shard"]) for row in found]

    async def leftovers(self, older_than: int, newer_than: int, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """See the port."""
        found = await self._pool.fetch(statements.LEFTOVERS, older_than, newer_than, after, limit)
        return [_outbox_row(row) for row in found]

    async def local_rows(self, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """See the port."""
        return [_outbox_row(row) for row in await self._pool.fetch(statements.LOCAL_ROWS, after, limit)]

    async def outbox_of(self, saga_ids: Sequence[str]) -> Sequence[OutboxRow]:
        """See the port."""
        return [_outbox_row(row) for row in await self._pool.fetch(statements.OUTBOX_OF, saga_ids)]

    async def parked_for_code(self, limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """See the port."""
        found = await self._pool.fetch(statements.PARKED_FOR_CODE, after, limit)
        return [(row["saga_id"], row["shard"]) for row in found]

    async def time(self) -> int:
        """See the port."""
        (row,) = await self._pool.fetch(statements.TIME)
        return row[0]

    async def ping(self) -> None:
        """See the port."""
        (row,) = await self._pool.fetch(statements.PING)
        if not row[0]:
            self._pool.drop()
            raise StoreUnavailable(f"{self._pool.where} is read-only: waiting for the server to write to.")


async def _commit(connection: asyncpg.Connection) -> None:
    commit = asyncio.ensure_future(connection.execute("COMMIT"))
    try:
        # One turn of the loop starts the call, the next one lets uvloop write what it has queued.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        failpoint("commit_sent")
        await commit
    finally:
        commit.cancel()


def _outbox_row(row: asyncpg.Record) -> OutboxRow:
    headers = read_headers(row["headers"])
    return OutboxRow(
        row["command_id"],
        row["attempt"],
        row["saga_id"],
        row["topic"],
        headers,
        row["value"],
        partition_in(headers),
    )
