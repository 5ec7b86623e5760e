"""A connection of asyncpg's, as far as SQLAlchemy uses it, to a simulated database."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.simulation.database import Database, Transaction
from tests.simulation.network import Network
from tests.simulation.process import PROCESS, Process
from tests.simulation.sessions import SETTINGS, Session

_TEXT = SimpleNamespace(oid=25)
_BOOL = SimpleNamespace(oid=16)
_LOCK, _UNLOCK = "SELECT pg_try_advisory_lock(", "SELECT pg_advisory_unlock("
_STAY = "SELECT true"
_HOLD = ("forward_answer", "forward_value", "undo_answer")
_LOOK = ("command_id", *_HOLD)
_COLUMNS = {
    "INSERT": ("command_id",),
    "SELECT": ("command_id", "forward_answer", "forward_value", "undo_answer", "tombstone"),
}


class Statement:
    """A prepared statement."""

    def __init__(self, connection: "Connection", sql: str) -> None:
        self._connection, self._sql = connection, sql
        names = _COLUMNS.get(sql.split(None, 1)[0], ()) if "amends_barrier" in sql else ()
        if "FOR SHARE" in sql:
            names = _HOLD
        elif "amends_barrier" in sql and sql.startswith("SELECT") and "FOR UPDATE" not in sql:
            names = _LOOK
        self._attributes = tuple(SimpleNamespace(name=name, type=_TEXT) for name in names)
        if sql.startswith((_LOCK, _UNLOCK, _STAY)):
            self._attributes = (SimpleNamespace(name="ours", type=_BOOL),)

    def get_attributes(self) -> Sequence[Any]:
        """The columns of its result."""
        return self._attributes

    def get_statusmsg(self) -> str:
        """Nobody reads it."""
        return ""

    async def fetch(self, *parameters: Any) -> Sequence[Any]:
        """Its result."""
        return await self._connection.execute_now(self._sql, parameters)


class _Begun:
    """asyncpg's transaction object."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    async def start(self) -> None:
        """Begins; the server hears of it with the first statement."""
        self._connection.begin()

    async def commit(self) -> None:
        """Raises ConnectionDoesNotExistError when nobody knows whether it did."""
        await self._connection.end(commit=True)

    async def rollback(self) -> None:
        """Forgets it all."""
        await self._connection.end(commit=False)


class Connection:
    """See the module."""

    def __init__(self, database: Database, process: Process) -> None:
        self._database = database
        self._process = process
        self._network: Network = database.network
        self._transaction: Transaction | None = None
        self._session = Session(database, self._hear_of_its_end)
        self._closed = False

    def transaction(self, **_: Any) -> _Begun:
        """One that is about to begin."""
        return _Begun(self)

    def begin(self) -> None:
        """The transaction begins."""
        self._transaction = self._database.begin(self._process)

    async def prepare(self, sql: str, name: Any = None) -> Statement:
        """For later."""
        return Statement(self, sql)

    async def execute_now(self, sql: str, parameters: Sequence[Any]) -> Sequence[Any]:
        """Raises ConnectionDoesNotExistError when the connection breaks."""
        transaction = self._transaction
        if not self._closed and sql.startswith((_LOCK, _UNLOCK)):
            return await self._lock(sql.startswith(_LOCK), parameters[0])
        if not self._closed and sql.startswith(SETTINGS):
            return await self._ask(lambda: self._session.set(sql, parameters), transaction)
        if not self._closed and sql == _STAY:
            return await self._ask(lambda: [(True,)])
        if self._closed or transaction is None:
            raise asyncpg.exceptions.InterfaceError("connection is closed")
        await self._breaks("database_request_lost")
        weather = self._network.weather
        slow_s = weather.seconds(0.05, 3.0) if weather.strikes("database_slow") else 0.0

        def served() -> Any:
            return self._session.serve(lambda: self._database.execute(transaction, sql, parameters), transaction)

        return await self._network.ask(self._process, served, slow_s)

    async def _ask(self, call: Callable[[], Any], transaction: Transaction | None = None) -> Any:
        await self._breaks("database_request_lost")
        return await self._network.ask(self._process, lambda: self._session.serve(call, transaction))

    async def _lock(self, take: bool, command_id: str) -> Sequence[Any]:
        database, session = self._database, self._session
        return await self._ask(
            lambda: database.lock(session, command_id) if take else database.unlock(session, command_id)
        )

    async def _breaks(self, kind: str) -> None:
        if self._database.away or self._network.weather.strikes(kind):
            self._break()
            delay_s = self._network.weather.seconds(0.01, 2.0)
            error = asyncpg.exceptions.ConnectionDoesNotExistError("connection was closed in the middle of operation")
            await self._network.fail_later(self._process, delay_s, error)

    def _break(self) -> None:
        """The server notices, sooner or later, and ends the session; or it does not, and the session has its limits."""
        first, self._closed = not self._closed, True
        self._transaction = None
        # Not again when it is collected, whenever that is.
        if first and not self._session.empty and not self._network.weather.strikes("database_unheard"):
            self._network.after(self._network.weather.seconds(0.0, 1.0), self._session.end)

    def _hear_of_its_end(self) -> None:
        def hear() -> None:
            self._closed = True

        self._network.loop.call_soon(hear, context=self._process.context)

    async def end(self, commit: bool) -> None:
        """Commits, or forgets."""
        transaction, self._transaction = self._transaction, None
        if transaction is None:
            return
        if not self._process.alive:
            return  # the server hears of that by itself
        if commit:
            self._transaction = transaction
            await self._breaks("database_request_lost")
            self._transaction = None
            if self._network.weather.strikes("database_answer_lost"):
                self._closed = True
                self._network.after(self._network.weather.hop_s(), self._end, transaction)
                error = asyncpg.exceptions.ConnectionDoesNotExistError("connection was closed in the middle")
                await self._network.fail_later(self._process, self._network.weather.seconds(0.01, 2.0), error)
        await self._network.ask(
            self._process, lambda: self._session.serve(lambda: self._database.end(transaction, commit), transaction)
        )

    def _end(self, transaction: Transaction) -> None:
        if not (transaction.over or self._session.over):
            self._session.serve(lambda: self._database.end(transaction, True), transaction)

    def lost(self) -> None:
        """Its process died: the server ends what was open."""
        self._break()

    def is_closed(self) -> bool:
        """Whether it can be used no more."""
        return self._closed

    async def close(self, **_: float) -> None:
        """Ends what is open."""
        self._break()

    def terminate(self) -> None:
        """Ends it at once."""
        self._break()

    async def set_type_codec(self, *_: Any, **__: Any) -> None:
        """Nothing here has another type."""

    async def fetchrow(self, sql: str) -> None:
        """A ping."""
        await self._breaks("database_request_lost")

    def get_settings(self) -> Any:
        """None."""
        return SimpleNamespace()

    async def reload_schema_state(self) -> None:
        """It never changes."""


def engine_of(database: Database, opened: Callable[[Connection], None], connections: int) -> AsyncEngine:
    """An engine as a participant's process makes it. ``opened`` is told of its connections."""

    async def connect(*_: Any, **__: Any) -> Connection:
        connection = Connection(database, PROCESS.get())
        if database.away:
            error = OSError("The database does not answer.")
            await database.network.fail_later(PROCESS.get(), 0.5, error)
        await database.network.ask(PROCESS.get(), lambda: None)
        opened(connection)
        return connection

    settings: dict[str, Any] = {
        "async_creator": connect,
        "pool_size": connections,
        "max_overflow": 0,
        "_initialize": False,
    }
    engine = create_async_engine("postgresql+asyncpg://simulated/participant", **settings)
    engine.dialect.default_isolation_level = "READ COMMITTED"
    return engine
