"""Commands whose handlers take long, and their undos: each in an asyncio task of its own, beside the consumer's rounds.

Their offsets go on at once. A process that dies is noticed by the attempt's deadline, and the next attempt goes on from
the last heartbeat. Of one command's messages each waits for the one before, but for attempts of a command that is being
carried out: whoever is at it answers them too.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts import RETRIABLE, Failed, Problem, Refused
from contracts.answers import Failure, Pending, Refusal, Success
from contracts.failpoints import failpoint
from contracts.values import UnreadableValue, read_as
from participants.sdk.arrivals import Call
from participants.sdk.backoff import pause_s
from participants.sdk.command_locks import CommandLocks
from participants.sdk.executor import Answered, Executor, attempt
from participants.sdk.heartbeat import Heartbeat, Stopped
from participants.sdk.long_places import LONG_HANDLERS, Places, no_place
from participants.sdk.long_rows import Begun, LongRows
from participants.sdk.long_run import LongRun, Reply, Why
from participants.sdk.long_watch import Watch
from participants.sdk.performing import perform
from participants.sdk.tracing import Tracing

log = logging.getLogger(__name__)
T = TypeVar("T")

UNDO_WAIT_S = 10.0
"""So long an undo waits for its command's handler to end before it answers that it is to be tried again."""
_ASK_S = (0.05, 1.0)
_BACKOFF_S = (0.05, 5.0)

CLOSING = Failure(Problem("participant_stopped", "The process was told to stop: another one goes on.", retryable=True))
STILL_RUNNING = Failure(
    Problem("still_running", "The command's handler was told to stop, and has not ended yet.", retryable=True)
)


class LongHandlers:
    """Those of one process."""

    def __init__(
        self,
        executor: Callable[[], Executor],
        tracing: Tracing,
        engine: AsyncEngine | None,
        reply: Reply,
        places: int = LONG_HANDLERS,
    ) -> None:
        """``executor`` makes one that answers undos. ``engine``: None for a participant without a barrier."""
        self._executor, self._tracing, self._reply = executor, tracing, reply
        self._rows = None if engine is None else LongRows(engine)
        self._locks = None if engine is None else CommandLocks(engine)
        self._places = Places(places)
        self._refusing = False
        self._runs: dict[str, LongRun] = {}
        self._open: dict[str, list[asyncio.Task[None]]] = {}
        """The messages of each command that are not done with yet, in the order in which they came."""
        self._closing = False
        self._watch = None if self._rows is None or self._locks is None else Watch(self._locks, self._rows, self._begun)

    def refused(self, call: Call) -> Answered | None:
        """What a command is answered that finds no place, nor room to wait for one; None: it can be taken.

        An undo needs no place, and another attempt of what is here already joins it.
        """
        full = call.message.direction == "forward" and call.forward_id not in self._runs and self._places.full
        if full and not self._refusing:
            log.warning("There is no place for %s, nor for others: they are to come again.", call.message.command_id)
        self._refusing = full
        return Answered(no_place(call.message), call.message.traceparent) if full else None

    def take(self, call: Call) -> "asyncio.Task[None]":
        """Has it answered, now or when its handler ends; returns what ends then."""
        id, run = call.forward_id, self._runs.get(call.forward_id)
        before = [*self._open.get(id, ())]
        if call.message.direction == "undo":
            if run is not None:
                run.stop(Why.UNDONE)
            answering = self._undo(call, before)
        elif run is not None and before and run.joined_by(call.message):
            return before[-1]
        else:
            run = self._runs[id] = LongRun(call, self._rows, self._reply)
            if self._closing:
                run.stop(Why.CLOSING)
            answering = self._carry_out(run, before)
        answered = asyncio.create_task(answering, name=call.message.command_id)
        if call.message.direction == "forward":
            self._places.expect(answered)
        self._open.setdefault(id, []).append(answered)
        answered.add_done_callback(partial(self._forget, id))
        if self._watch is not None:
            self._watch.begin()
        return answered

    def close(self) -> None:
        """Tells all handlers to end: whoever has the next attempts goes on from their last heartbeats."""
        self._closing = True
        for run in self._runs.values():
            run.stop(Why.CLOSING)

    async def closed(self, within_s: float) -> None:
        """Returns when all have ended, and their answers are sent; or after so many seconds."""
        self.close()
        if self._open:
            _, left = await asyncio.wait([each for open in self._open.values() for each in open], timeout=within_s)
            for each in left:
                log.warning("The handler of %s does not end, and is left behind.", each.get_name())
                each.cancel()
        if self._locks is not None:
            await self._locks.close()

    def _forget(self, id: str, answered: "asyncio.Task[None]") -> None:
        self._open[id].remove(answered)
        if not self._open[id]:
            del self._open[id]
        if self._watch is not None and not self._open:
            self._watch.end()
        if not answered.cancelled() and (error := answered.exception()) is not None:
            log.error("Answering %s broke off.", answered.get_name(), exc_info=error)

    def _begun(self) -> dict[str, LongRun]:
        return {id: run for id, run in self._runs.items() if run.begun}

    # --- the command

    async def _carry_out(self, run: LongRun, before: "list[asyncio.Task[None]]") -> None:
        try:
            if before:
                await asyncio.wait(before)
            answered, number = await self._placed(run)
        finally:
            # From here on another attempt is a message of its own.
            if self._runs.get(run.call.forward_id) is run:
                del self._runs[run.call.forward_id]
        if answered is not None:
            await self._reply(run.latest(number), answered.answer, answered.traceparent)

    async def _placed(self, run: LongRun) -> tuple[Answered | None, int]:
        """As ``_locked``, once there is a place."""
        if not await self._places.take(run):
            return self._given(run, None), 0
        try:
            return await self._locked(run)
        finally:
            self._places.give_back()

    async def _locked(self, run: LongRun) -> tuple[Answered | None, int]:
        """The answer, and the attempt that it is to; None: somebody else answers."""
        id = run.call.forward_id
        if self._rows is None or self._locks is None:
            return self._given(run, await run.handled(self._handler(run, None))), 0
        rows, number, tries = self._rows, run.message.attempt, 0
        while not await self._insist(lambda: self._own(id)):
            known = await self._insist(lambda: rows.join(id, run.name, run.message.attempt))
            if isinstance(known, Success | Refusal | Pending):
                return Answered(known, run.message.traceparent), number
            if known is not None and known.run not in (None, run.name):
                return None, number
            if run.why is not None:
                return self._given(run, None), number
            tries += 1
            await asyncio.sleep(pause_s(_ASK_S, tries))
        try:
            known = await self._insist(lambda: rows.begin(id, run.name, run.message.attempt))
            if not isinstance(known, Begun):
                return Answered(known, run.message.traceparent), number
            failpoint("long_handler_begun")
            answered = self._given(run, await run.handled(self._handler(run, known)))
            failpoint("long_handler_ended")
            if answered is None:
                return None, number
            attempt = await self._insist(lambda: rows.end(id, run.name, answered.answer, changed=run.changed))
            return (None, number) if attempt is None else (answered, attempt)
        finally:
            await self._locks.release(id)

    def _given(self, run: LongRun, answered: Answered | None) -> Answered | None:
        """What is said of a handler that was told to end, if it has not come to its end."""
        if run.why is None or (answered is not None and not isinstance(answered.answer, Failure)):
            return answered
        return Answered(CLOSING, run.message.traceparent) if run.why is Why.CLOSING else None

    async def _handler(self, run: LongRun, begun: Begun | None) -> Answered:
        async def performed() -> Success | Pending:
            heartbeat = self._heartbeat(run, begun)
            try:
                result = await perform(run.call, None, None, heartbeat=heartbeat)
            except Stopped:
                raise Failed("stopped", "It was told to end.", retryable=True) from None
            except Exception as error:
                if heartbeat.changed and run.call.handler.kind is not RETRIABLE:
                    raise _no_more(error) from error
                raise
            finally:
                run.changed = heartbeat.changed
            return result

        return await attempt(run.call, self._tracing, performed)

    def _heartbeat(self, run: LongRun, begun: Begun | None) -> Heartbeat[Any]:
        """What the barrier has of the last heartbeat is as new as what came with the command, or newer."""
        told, kind = run.message.progress, run.call.handler.details
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
        if begun is not None and bytes(begun.details) != b"null":
            told = bytes(begun.details)
        try:
            last = None if told is None else read_as(told, decoder)
        except UnreadableValue as error:
            raise Failed("unreadable_progress", f"What the last heartbeat told is something else. {error}") from error
        return Heartbeat(run, decoder, last, changed=begun is not None and begun.changed)

    # --- its undo

    async def _undo(self, call: Call, before: "list[asyncio.Task[None]]") -> None:
        answered = Answered(STILL_RUNNING, call.message.traceparent)
        until = asyncio.get_running_loop().time() + UNDO_WAIT_S
        left = (await asyncio.wait(before, timeout=UNDO_WAIT_S))[1] if before else None
        if not left and await self._stopped_everywhere(call.forward_id, until):
            try:
                answered = (await self._executor().handle([call]))[0]
            finally:
                if self._locks is not None:
                    await self._locks.release(call.forward_id)
        await self._reply(call.message, answered.answer, answered.traceparent)

    async def _stopped_everywhere(self, id: str, until: float) -> bool:
        """Whether no process is at the command, by then; if so, its lock is ours."""
        if self._rows is None:
            return True
        rows, clock, tries = self._rows, asyncio.get_running_loop().time, 0
        while not await self._insist(lambda: self._own(id)):
            await self._insist(lambda: rows.ask_to_stop(id))
            if clock() > until:
                return False
            tries += 1
            await asyncio.sleep(pause_s(_ASK_S, tries))
        return True

    async def _own(self, id: str) -> bool:
        assert self._locks is not None
        return await self._locks.acquire(id)

    async def _insist(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """While the database cannot be reached it is tried again, with growing pauses, without end."""
        tries = 0
        while True:
            try:
                return await ask()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                tries += 1
                log.warning("The barrier cannot be reached and is tried again: %r", error)
                await asyncio.sleep(pause_s(_BACKOFF_S, tries))


def _no_more(error: Exception) -> Exception:
    """A no means that nothing was done. What says so after it has done something is undone instead."""
    return Failed(error.problem.type, error.problem.message, retryable=False) if isinstance(error, Refused) else error
