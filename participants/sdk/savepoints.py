"""One handler's part of a transaction that many handlers share."""

from collections.abc import Callable
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

import msgspec
from sqlalchemy import Connection, PoolProxiedConnection, event
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, AsyncSessionTransaction
from sqlalchemy.orm.session import JoinTransactionMode

from contracts.answers import Pending, Success
from participants.sdk.arrivals import Call
from participants.sdk.limit import Limit
from participants.sdk.performing import perform

P = ParamSpec("P")
T = TypeVar("T")

_NOT_YOURS = "The SDK commits, together with the answer, after the handler has returned: just return."
_NO_SAVEPOINT = "This is run again with a savepoint, so that what the handler wrote can be undone."
_RAISE = "Raise Refused or Failed, or any other exception: the SDK undoes what this handler wrote, and nothing else."


class HandlerSession(AsyncSession):
    """A session whose work is a part of the batch's transaction. Only the SDK ends it."""

    may_undo = True
    """Its work is a savepoint, begun by its first statement."""
    refused = False
    """The handler wanted what only a savepoint makes safe, and there was none."""

    async def commit(self) -> NoReturn:
        """Refused: the writes and the kept answer are one transaction."""
        raise InvalidRequestError(_NOT_YOURS)

    async def close(self) -> NoReturn:
        """Refused, since it would undo what the handler wrote."""
        raise InvalidRequestError(_NOT_YOURS)

    def begin(self) -> AsyncSessionTransaction:
        """A part of its own, which may be undone."""
        if not self.may_undo:
            self.refused = True
            raise InvalidRequestError(_NO_SAVEPOINT)
        return super().begin()

    async def rollback(self) -> None:
        """Undoes what the handler wrote so far."""
        if not self.may_undo:
            self.refused = True
            raise InvalidRequestError(_NO_SAVEPOINT)
        await super().rollback()

    async def release(self) -> None:
        """Flushes, and makes the work part of the transaction around it."""
        await super().commit()

    async def undo(self) -> None:
        """Undoes the work, and nothing else of the transaction around it."""
        await super().rollback()


class HandlerConnection(AsyncConnection):
    """The batch's connection as handlers see it, through their session too: they cannot end its transaction."""

    may_undo = True
    """What the handlers do has savepoints."""
    refused = False
    """A handler wanted what only a savepoint makes safe, and there was none."""

    async def get_raw_connection(self) -> PoolProxiedConnection:
        """The driver's; what is done with it nobody can see."""
        self._needs_savepoint()
        return await super().get_raw_connection()

    async def run_sync(self, fn: Callable[Concatenate[Connection, P], T], *arg: P.args, **kw: P.kwargs) -> T:
        """Calls the function with the synchronous connection."""
        self._needs_savepoint()
        return await super().run_sync(fn, *arg, **kw)

    def _needs_savepoint(self) -> None:
        if not self.may_undo:
            self.refused = True
            raise InvalidRequestError(_NO_SAVEPOINT)

    async def commit(self) -> NoReturn:
        """Refused: the writes of all handlers and the kept answers are one transaction."""
        raise InvalidRequestError(_NOT_YOURS)

    async def rollback(self) -> NoReturn:
        """Refused, since it would undo what others wrote."""
        raise InvalidRequestError(_RAISE)

    async def invalidate(self, exception: BaseException | None = None) -> NoReturn:
        """Refused, likewise."""
        raise InvalidRequestError(_RAISE)

    async def close(self) -> NoReturn:
        """Refused, likewise."""
        raise InvalidRequestError(_RAISE)


class Savepoints:
    """Runs handlers one after another in one transaction.

    With ``each``, what one of them wrote can be undone alone: a savepoint each, which costs two statements more.
    Without, ``spoilt`` tells that it would have to be and cannot be: the transaction must not be committed then.
    """

    def __init__(self, connection: AsyncConnection, limit: Limit, *, each: bool) -> None:
        self._sync: Any = connection.sync_connection
        self._connection = HandlerConnection(connection.engine, self._sync)
        self._limit = limit
        self._each = each
        self._session: HandlerSession | None = None
        self._root: Any = self._sync.get_transaction()
        self._connection.may_undo = each
        self._statements = 0
        self.spoilt = False
        """A handler that may have written something raised, or wanted to undo it itself, and had no savepoint."""
        if not each:
            event.listen(self._sync, "before_cursor_execute", self._watch)

    async def run(self, call: Call, known: msgspec.Raw | None) -> Success | Pending:
        """Calls the handler; when it raises, nothing is left of what it wrote. Raises what ``perform`` raises."""
        handler = call.handler
        if not handler.needs_database:
            return await perform(call, known, self._limit)
        if not self._each:
            return await self._without(call, known)
        # A savepoint's name can be had again once it is released. Left alone, the names would be counted up, and each
        # would be a new statement to prepare.
        self._sync._Connection__savepoint_seq = 0
        if handler.connection is None:
            return await self._in_session(call, known)
        async with self._connection.begin_nested():
            if handler.session is None:
                return await perform(call, known, self._limit, connection=self._connection)
            return await self._in_session(call, known)

    async def _in_session(self, call: Call, known: msgspec.Raw | None) -> Success | Pending:
        session = self._session_of("create_savepoint")
        try:
            result = await perform(call, known, self._limit, session, self._connection)
            if session.in_transaction():
                await session.release()
        except BaseException:
            if session.in_transaction():
                await session.undo()
            raise
        finally:
            session.expunge_all()
        return result

    async def _without(self, call: Call, known: msgspec.Raw | None) -> Success | Pending:
        """The session is only flushed. It must never commit: were the transaction gone, it would commit its own."""
        session = None if call.handler.session is None else self._session_of("rollback_only")
        before = self._statements
        try:
            result = await perform(call, known, self._limit, session, self._connection)
            if session is not None:
                await session.flush()
        except BaseException:
            self.spoilt = self.spoilt or self._statements > before or self._refused()
            raise
        finally:
            if session is not None:
                session.expunge_all()
        if self._refused() or not self._root.is_active:
            self.spoilt = True
            raise InvalidRequestError(_NO_SAVEPOINT)
        return result

    def _session_of(self, mode: JoinTransactionMode) -> HandlerSession:
        if self._session is None:
            self._session = HandlerSession(bind=self._connection, join_transaction_mode=mode, expire_on_commit=False)
            self._session.may_undo = self._each
        return self._session

    def _refused(self) -> bool:
        return self._connection.refused or (self._session is not None and self._session.refused)

    def _watch(self, *_: Any) -> None:
        """Before each statement of any handler."""
        self._statements += 1
        if not self._root.is_active:
            self.spoilt = True
            raise InvalidRequestError(_NO_SAVEPOINT)
