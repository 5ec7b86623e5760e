"""Connections to one database, lent out one at a time to each borrower.

The rule that keeps it honest: a connection goes back only when its last statement was answered and no transaction is
open. After anything else (a cancelled call, a timeout, a broken socket) it is closed, and nobody waits for that.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from coordinator.runtime.ports import StoreUnavailable
from coordinator.store.addresses import plain_url, without_password
from coordinator.store.refusals import translated

_STEADY_PLANS = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}
"""Each statement is planned once on a connection, never as if its table would stay as empty as it was then."""
_ANSWER_TRAVELS_S = 2.0
"""A statement that ran into its time limit at the server is answered by then; later than that nobody is there."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How to connect. Times are seconds."""

    size: int
    """Connections at most."""
    statement_timeout: float
    """A statement that takes longer is ended by the server, with all that it did."""
    connect_timeout: float
    acquire_timeout: float
    """How long to wait for a connection while all are lent."""
    statement_cache_size: int
    """Statements kept prepared on each connection. 0 behind a pooler that lends a session for one transaction only
    (pgbouncer): then no setting is made for a session either, and everything runs in explicit transactions."""

    @property
    def pooled_elsewhere(self) -> bool:
        """There is a pooler in between."""
        return self.statement_cache_size == 0


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
        except asyncpg.PostgresError:
            raise  # an answer
        except BaseException:
            connection.terminate()
            raise
        finally:
            self._give_back(connection)

    async def fetch(self, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """The rows of a statement that changes nothing. Raises StoreUnavailable, ValueError."""
        with translated():
            async with self.connection() as connection:
                if not self.settings.pooled_elsewhere:
                    return await connection.fetch(statement, *arguments)
                await connection.execute("BEGIN")
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
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
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
        self._lent.discard(connection)
        if connection in self._stale or connection.is_in_transaction():
            self._stale.discard(connection)
            connection.terminate()
        elif not connection.is_closed():
            self._idle.append(connection)
        self._permits.release()

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
            limit = str(int(settings.statement_timeout * 1000))
            options["server_settings"] = {
                "application_name": "amends",
                "statement_timeout": limit,
                "idle_in_transaction_session_timeout": limit,
                **_STEADY_PLANS,
            }
        if "target_session_attrs" not in self._url:
            options["target_session_attrs"] = "read-write"
        try:
            return await asyncpg.connect(self._url, **options)
        except asyncpg.ProtocolViolationError as error:
            raise StoreUnavailable(
                f"{self.where} refuses a session's settings ({error}): it seems to be a pooler such as pgbouncer. "
                "Connect to Postgres itself, or set AMENDS_DATABASE_STATEMENT_CACHE=0."
            ) from error
        except asyncpg.TargetServerAttributeNotMatched as error:
            raise StoreUnavailable(f"{self.where} is read-only: waiting for the server to write to.") from error


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
