"""Many commands in one transaction: barrier, handlers, kept answers, commit."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

import msgspec
from sqlalchemy.exc import DBAPIError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction

from contracts.answers import Failure, Success
from contracts.failpoints import failpoint
from participants.sdk.arrivals import Call
from participants.sdk.backoff import pause_s
from participants.sdk.barrier import enter, keep
from participants.sdk.entry import Entry
from participants.sdk.executor import HANDLER_LIMIT_S, ROUND_S, Answered, attempt
from participants.sdk.limit import Limit
from participants.sdk.performing import answer_to
from participants.sdk.savepoints import Savepoints
from participants.sdk.tracing import Tracing

log = logging.getLogger(__name__)

STATEMENT_LIMIT_S = 30.0
"""Longest wait, in seconds, for the database's answer to the barrier's own statements and the commit. The wait for
another consumer that is handling the same command counts."""
ALONE_ATTEMPTS = 3
"""How often a command that breaks its transaction is run alone before that is its answer."""
MAX_BATCH = 500
"""Commands in one transaction."""
CAREFUL = 1_000
"""So many commands have a savepoint each after a handler raised that had written something. All others have none: a
handler that fails then costs its whole batch another run, but those are few, and a savepoint is two statements."""
_BACKOFF_S = (0.05, 5.0)
_COMES_AGAIN = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialization failure and of a deadlock: the same thing done again may well succeed."""


class Broken(Exception):
    """The transaction is lost, and with it everything that its handlers wrote."""

    def __init__(self, error: BaseException, *, by_handler: bool, again: bool = True) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.error = error
        self.by_handler = by_handler
        """One of the commands has to do with it: they are run alone, one after another."""
        self.again = again
        """Running the same command alone may help."""


class BarrierBatch:
    """Answers calls in transactions of the participant's database. See Executor."""

    def __init__(self, engine: AsyncEngine, tracing: Tracing, limit_s: float = HANDLER_LIMIT_S) -> None:
        self._engine = engine
        self._tracing = tracing
        self._limit = Limit(limit_s)
        self._size = MAX_BATCH
        self._alone = 0
        """How many of the coming commands are run alone, after a transaction broke."""
        self._careful = 0
        """How many of the coming commands have a savepoint each, after a handler failed that had written something."""

    async def handle(self, calls: Sequence[Call]) -> list[Answered]:
        """See Executor. While the database cannot be reached it is tried again, with growing pauses, without end."""
        tries = 0
        while True:
            part = calls[: 1 if self._alone else self._size]
            savepoints = self._careful > 0
            try:
                answered = await self._transaction(part, savepoints)
            except Broken as broken:
                if broken.by_handler and not savepoints:
                    log.debug("A transaction of %d commands is run again with savepoints: %s", len(part), broken)
                    self._careful = max(CAREFUL, len(part))
                    continue
                tries += 1
                expected = isinstance(broken.error, SQLAlchemyError | OSError | TimeoutError)
                log.warning(
                    "A transaction of %d commands broke and is run again: %s",
                    len(part),
                    broken,
                    exc_info=None if expected else broken.error,
                )
                if broken.by_handler and len(part) > 1:
                    self._alone = len(part)
                    continue
                if broken.by_handler and (tries >= ALONE_ATTEMPTS or not broken.again):
                    answered = [Answered(_failure(part[0], broken.error), part[0].message.traceparent)]
                else:
                    await asyncio.sleep(pause_s(_BACKOFF_S, tries))
                    continue
            self._alone = max(0, self._alone - len(answered))
            self._careful = max(0, self._careful - len(answered))
            # Slow handlers: don't enter many commands only to leave most of them for the next transaction.
            self._size = min(MAX_BATCH, 2 * len(answered)) if len(answered) < len(part) else MAX_BATCH
            return answered

    async def _transaction(self, calls: Sequence[Call], savepoints: bool) -> list[Answered]:
        try:
            async with self._engine.connect() as connection:
                transaction = await connection.begin()
                async with asyncio.timeout(STATEMENT_LIMIT_S):
                    entries = await enter(connection, [call.forward_id for call in calls])
                failpoint("barrier_written")
                answered = await self._answers(
                    Savepoints(connection, self._limit, each=savepoints), connection, calls, entries
                )
                await _end(connection, transaction, entries)
        except Broken:
            raise
        except Exception as error:
            raise Broken(error, by_handler=False) from error
        failpoint("participant_committed")
        return answered

    async def _answers(
        self,
        savepoints: Savepoints,
        connection: AsyncConnection,
        calls: Sequence[Call],
        entries: dict[str, Entry],
    ) -> list[Answered]:
        clock = asyncio.get_running_loop().time
        until = clock() + ROUND_S
        check = partial(_check, savepoints, connection)

        answered: list[Answered] = []
        for call in calls:
            entry, direction = entries[call.forward_id], call.message.direction
            if (standing := entry.decide(direction)) is not None:
                answered.append(Answered(standing, call.message.traceparent))
                continue
            known = entry.forward.result if isinstance(entry.forward, Success) else None
            result = await attempt(
                call, self._tracing, lambda call=call, known=known: savepoints.run(call, known), check
            )
            failpoint("business_written")
            if not isinstance(result.answer, Failure):
                entry.keep(direction, result.answer)
            answered.append(result)
            if clock() > until:
                break
        return answered


async def _end(connection: AsyncConnection, transaction: AsyncTransaction, entries: dict[str, Entry]) -> None:
    """Keeps the answers and commits. What the database has against it then, a handler has brought about."""
    if not transaction.is_active:
        raise Broken(InvalidRequestError("A handler ended the transaction."), by_handler=True, again=False)
    try:
        async with asyncio.timeout(STATEMENT_LIMIT_S):
            await keep(connection, entries.values())
            await transaction.commit()
    except SQLAlchemyError as error:
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        raise Broken(error, by_handler=not lost) from error


def _failure(call: Call, error: BaseException) -> Failure:
    answer = answer_to(call, error)
    if isinstance(answer, Failure):
        return answer
    # A refusal has to be kept, and there is no transaction to keep it in.
    return Failure(msgspec.structs.replace(answer.problem, retryable=True))


def _check(savepoints: Savepoints, connection: AsyncConnection, error: BaseException) -> None:
    """Raises Broken when the transaction cannot go on after what a handler raised."""
    if savepoints.spoilt:
        raise Broken(error, by_handler=True) from error
    again = isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _COMES_AGAIN
    if again or (isinstance(error, DBAPIError) and error.connection_invalidated):
        raise Broken(error, by_handler=True) from error
    if connection.closed or connection.invalidated or not connection.in_transaction():
        raise Broken(error, by_handler=True, again=False) from error
