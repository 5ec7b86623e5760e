"""Connections to one database, lent out one at a time to each borrower.

The rule that keeps it honest: a connection goes back only when its last statement was answered and no transaction is
open. After anything else (a cancelled call, a timeout, a broken socket) it is closed, and nobody waits for that.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from coordinator.runtime.ports import StoreUnavailable
from coordinator.store.addresses import plain_url, without_password
from coordinator.store.pool_settings import STEADY_PLANS, PoolSettings
from coordinator.store.refusals import ends_session, translated

_ANSWER_TRAVELS_S = 2.0
"""A statement that ran into its time limit at the server is answered by then; later than that nobody is there."""


class Pool:
    """Connections to one database: opened when needed, kept for the next borrower."""

    def __init__(self, url: str, settings: PoolSettings) -> None:
        self._url = plain_url(url)
        self.settings = settings
        self.where = without_password(url)
        """Host, port and name, for messages."""
        self._permits = asyncio.Semaphore(settings.size)
        self._idle: list[asyncpg.Connection] = []
        self._lent: set[asyncpg.Connection] = set()
        self._stale: set[asyncpg.Connection] = set()
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[asyncpg.Connection]:
        """A live connection outside any transaction. Raises StoreUnavailable when none can be had in time."""
        connection = await self._borrow()
        try:
            yield connection
        except asyncpg.ReadOnlySQLTransactionError:
            self.drop()
            raise
        except BaseException as error:
            if not isinstance(error, asyncpg.PostgresError) or ends_session(error):
                connection.terminate()
            raise
        finally:
            self._give_back(connection)

    async def fetch(self, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """The rows of a statement that changes nothing. Raises StoreUnavailable, ValueError."""
        with translated():
            async with self.connection() as connection:
                return await self._run(connection, statement, arguments)

    async def execute(self, statement: str, *arguments: object) -> None:
        """Runs a statement that changes something. Raises StoreUnavailable, OutcomeUnknown, ValueError."""
        with translated() as attempt:
            async with self.connection() as connection:
                attempt.commit_sent = True
                await self._run(connection, statement, arguments)

    async def _run(
        self, connection: asyncpg.Connection, statement: str, arguments: tuple[object, ...]
    ) -> Sequence[asyncpg.Record]:
        if not self.settings.pooled_elsewhere:
            return await connection.fetch(statement, *arguments)
        # Otherwise the pooler may hand the statement's parts to different sessions.
        await connection.execute(self.settings.begin)
        rows = await connection.fetch(statement, *arguments)
        await connection.execute("COMMIT")
        return rows

    def drop(self) -> None:
        """Lets go of all connections: they lead to a server that is no longer the one to write to."""
        self._stale |= self._lent
        for connection in self._idle:
            connection.terminate()
        self._idle.clear()

    async def close(self) -> None:
        """Closes what is idle now and the rest as it is given back; nothing can be borrowed afterwards."""
        self._closed = True
        self._stale |= self._lent
        idle, self._idle = self._idle, []
        for connection in idle:
            try:
                await connection.close(timeout=self.settings.connect_timeout)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                connection.terminate()

    async def _borrow(self) -> asyncpg.Connection:
        if self._permits.locked():
            await self._wait_for_permit()
        else:
            await self._permits.acquire()
        try:
            connection = self._take_idle() or await self._open()
        except BaseException:
            self._permits.release()
            raise
        self._lent.add(connection)
        return connection

    async def _wait_for_permit(self) -> None:
        try:
            async with asyncio.timeout(self.settings.acquire_timeout):
                await self._permits.acquire()
        except TimeoutError as error:
            raise StoreUnavailable(
                f"All {self.settings.size} connections to {self.where} have been busy for "
                f"{self.settings.acquire_timeout:g} s."
            ) from error

    def _take_idle(self) -> asyncpg.Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    def _give_back(self, connection: asyncpg.Connection) -> None:
        self._permits.release()
        self._lent.discard(connection)
        stale = connection in self._stale
        self._stale.discard(connection)
        if connection.is_closed():
            return
        if stale or connection.is_in_transaction():
            connection.terminate()
        else:
            self._idle.append(connection)

    async def _open(self) -> asyncpg.Connection:
        if self._closed:
            raise StoreUnavailable(f"The connections to {self.where} were closed.")
        settings = self.settings
        options: dict[str, Any] = {
            "timeout": settings.connect_timeout,
            "command_timeout": settings.statement_timeout + _ANSWER_TRAVELS_S,
            "statement_cache_size": settings.statement_cache_size,
        }
        if not settings.pooled_elsewhere:
            options["server_settings"] = {"application_name": "amends", **settings.limits, **STEADY_PLANS}
            if "target_session_attrs" not in self._url:
                options["target_session_attrs"] = "read-write"
        try:
            connection = await asyncpg.connect(self._url, **options)
        except asyncpg.ProtocolViolationError as error:
            raise StoreUnavailable(
                f"{self.where} refuses a session's settings ({error}): it seems to be a pooler such as pgbouncer. "
                "Connect to Postgres itself, or set AMENDS_DATABASE_STATEMENT_CACHE=0."
            ) from error
        except asyncpg.TargetServerAttributeNotMatched as error:
            raise StoreUnavailable(f"{self.where} is read-only: waiting for the server to write to.") from error
        if not settings.pooled_elsewhere:
            await self._limit_transactions(connection)
        return connection

    async def _limit_transactions(self, connection: asyncpg.Connection) -> None:
        try:
            await connection.execute(self.settings.transaction_limit(local=False))
        except BaseException:
            connection.terminate()
            raise


async def connect(
    url: str,
    *,
    pool_size: int = 8,
    statement_timeout: float = 10.0,
    connect_timeout: float = 5.0,
    acquire_timeout: float = 5.0,
    statement_cache_size: int = 200,
) -> Pool:
    """A pool for this database. Opens nothing yet, so that a process can start before its database does.

    Times are seconds; ``statement_cache_size`` 0 means that there is a pooler in between (see PoolSettings). Raises
    ValueError when the address is none of Postgres.
    """
    return Pool(url, PoolSettings(pool_size, statement_timeout, connect_timeout, acquire_timeout, statement_cache_size))
