"""Keeps commands whose handlers take long apart from those that share transactions."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from participants.sdk.arrivals import Call
from participants.sdk.batch import BarrierBatch
from participants.sdk.executor import Answered, Executor, WithoutBarrier
from participants.sdk.long_handlers import LongHandlers
from participants.sdk.long_places import LONG_HANDLERS
from participants.sdk.long_run import Reply
from participants.sdk.participant import Participant
from participants.sdk.tracing import Tracing


class Apart:
    """Begins what takes long, and has the rest answered."""

    def __init__(self, executor: Executor, long: LongHandlers) -> None:
        self._executor = executor
        self.long = long

    async def handle(self, calls: Sequence[Call]) -> list[Answered | None]:
        """As an Executor does; None: it is answered when its handler ends, and nothing is durable yet. What finds no
        place is answered at once."""
        rest = next((place for place, call in enumerate(calls) if not call.long), len(calls))
        if rest:
            return [self._take(call) for call in calls[:rest]]
        end = next((place for place, call in enumerate(calls) if call.long), len(calls))
        return [*await self._executor.handle(calls[:end])]

    def _take(self, call: Call) -> Answered | None:
        if (refused := self.long.refused(call)) is None:
            self.long.take(call)
        return refused


def executor_of(database: AsyncEngine | None, tracing: Tracing, handler_limit_s: float) -> Executor:
    """With the barrier, or without where there is no database."""
    if database is None:
        return WithoutBarrier(tracing, handler_limit_s)
    return BarrierBatch(database, tracing, handler_limit_s)


def apart(
    participant: Participant,
    database: AsyncEngine | None,
    tracing: Tracing,
    handler_limit_s: float,
    reply: Reply,
    places: int = LONG_HANDLERS,
) -> Apart | None:
    """None for a participant whose handlers all answer soon."""
    if all(handler.heartbeat is None for handler in participant.handlers.values()):
        return None
    long = LongHandlers(lambda: executor_of(database, tracing, handler_limit_s), tracing, database, reply, places)
    return Apart(executor_of(database, tracing, handler_limit_s), long)
