"""One handler's part of a transaction that many handlers share."""

from typing import Any, NoReturn

import msgspec
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from contracts.answers import Success
from participants.sdk.arrivals import Call
from participants.sdk.limit import Limit
from participants.sdk.performing import perform

_NOT_YOURS = "The SDK commits, together with the answer, after the handler has returned: just return."
_RAISE = "Raise Refused or Failed, or any other exception: the SDK undoes what this handler wrote, and nothing else."


class HandlerSession(AsyncSession):
    """A session whose work is a savepoint, begun by its first statement. Only the SDK ends it."""

    async def commit(self) -> NoReturn:
        """Refused: the writes and the kept answer are one transaction."""
        raise InvalidRequestError(_NOT_YOURS)

    async def close(self) -> NoReturn:
        """Refused, since it would undo what the handler wrote."""
        raise InvalidRequestError(_NOT_YOURS)

    async def release(self) -> None:
        """Flushes, and makes the work part of the transaction around it."""
        await super().commit()

    async def undo(self) -> None:
        """Undoes the work, and nothing else of the transaction around it."""
        await super().rollback()


class HandlerConnection(AsyncConnection):
    """The batch's connection as handlers see it, through their session too: they cannot end its transaction."""

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
    """Runs handlers one after another in one transaction. What one of them wrote can be undone alone."""

    def __init__(self, connection: AsyncConnection, limit: Limit) -> None:
        self._sync: Any = connection.sync_connection
        self._connection = HandlerConnection(connection.engine, self._sync)
        self._limit = limit
        self._session: HandlerSession | None = None

    async def run(self, call: Call, known: msgspec.Raw | None) -> Success:
        """Calls the handler; when it raises, nothing is left of what it wrote. Raises what ``perform`` raises."""
        if not call.handler.needs_database:
            return await perform(call, known, self._limit)
        # A savepoint's name can be had again once it is released. Left alone, the names would be counted up, and each
        # would be a new statement to prepare.
        self._sync._Connection__savepoint_seq = 0
        if call.handler.connection is None:
            return await self._in_session(call, known)
        async with self._connection.begin_nested():
            if call.handler.session is None:
                return await perform(call, known, self._limit, connection=self._connection)
            return await self._in_session(call, known)

    async def _in_session(self, call: Call, known: msgspec.Raw | None) -> Success:
        if self._session is None:
            self._session = HandlerSession(
                bind=self._connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            )
        session = self._session
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
