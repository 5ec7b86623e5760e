"""What the worker asks for, and how one command is answered."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from contracts.answers import Failure, Pending, Refusal, Success
from participants.sdk.arrivals import Call
from participants.sdk.limit import Limit
from participants.sdk.performing import answer_to, perform
from participants.sdk.tracing import Tracing

HANDLER_LIMIT_S = 300.0
"""Longest run of one handler, in seconds. It is there so that one that hangs does not stop the partition for ever; a
handler may well take longer than its command's timeout, since what it did is kept for the next attempt."""

ROUND_S = 0.1
"""After so many seconds of handlers, what is done is committed and sent before more is begun."""


class Answered(NamedTuple):
    """The answer to one call, and the trace that its reply belongs to."""

    answer: Success | Refusal | Failure | Pending
    traceparent: str | None


class Executor(Protocol):
    """Answers calls."""

    async def handle(self, calls: Sequence[Call]) -> list[Answered]:
        """The answers to the first one or more of the calls, in order. When it returns, what they did is durable."""
        ...


async def attempt(
    call: Call,
    tracing: Tracing,
    run: Callable[[], Coroutine[Any, Any, Success | Pending]],
    check: Callable[[BaseException], None] | None = None,
) -> Answered:
    """One call of a handler. ``check`` is given what it raised, before it becomes an answer, and may raise instead."""
    span = tracing.begin(call.message) if call.message.traceparent is not None else None
    if span is None:
        return Answered(await _attempt(call, run, check), call.message.traceparent)
    try:
        with tracing.around(span):
            answer = await _attempt(call, run, check)
        return Answered(answer, tracing.finish(span, answer))
    finally:
        span.end()


async def _attempt(
    call: Call, run: Callable[[], Coroutine[Any, Any, Success | Pending]], check: Callable[[BaseException], None] | None
) -> Success | Refusal | Failure | Pending:
    try:
        return await run()
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and _cancelled():
            raise
        if check is not None:
            check(error)
        return answer_to(call, error)


def _cancelled() -> bool:
    """Whether it is the worker that is to stop, rather than something that the handler awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class WithoutBarrier:
    """For ``Participant(…, barrier=False)``: every delivery calls the handler, and nothing is remembered."""

    def __init__(self, tracing: Tracing, limit_s: float = HANDLER_LIMIT_S) -> None:
        self._tracing = tracing
        self._limit = Limit(limit_s)

    async def handle(self, calls: Sequence[Call]) -> list[Answered]:
        """See Executor."""
        clock = asyncio.get_running_loop().time
        until = clock() + ROUND_S
        answered: list[Answered] = []
        for call in calls:
            answered.append(await attempt(call, self._tracing, partial(perform, call, None, self._limit)))
            if clock() > until:
                break
        return answered
