"""One command whose handler takes long, while this process is at it."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Any, NoReturn, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.answers import Failure, Pending, Progress, Refusal, Success
from contracts.command_message import CommandMessage
from contracts.failpoints import failpoint
from contracts.values import NULL
from participants.sdk.arrivals import Call
from participants.sdk.executor import Answered
from participants.sdk.heartbeat import Stopped
from participants.sdk.long_rows import LongRows

T = TypeVar("T")
PATIENCE_S = 0.3
"""Whoever waits does not say so more often than this."""
Reply = Callable[
    [CommandMessage, Success | Refusal | Failure | Pending | Progress, str | None], Coroutine[Any, Any, None]
]
"""Sends an answer to the message, and returns when Kafka has it."""


class Why(Enum):
    """Why a handler was told to end."""

    UNDONE = auto()
    """Its undo is there."""
    LOST = auto()
    """Another process is at its command, or at its undo."""
    SILENT = auto()
    """Nothing was heard of it for too long, and another attempt begins in its place."""
    CLOSING = auto()
    """The process ends."""


class LongRun:
    """Answers whatever attempt came last. See Pulse."""

    def __init__(self, call: Call, rows: LongRows | None, reply: Reply) -> None:
        self.call = call
        self.message = call.message
        self.why: Why | None = None
        """Set: the handler was told to end."""
        self.name = os.urandom(8).hex()
        self.changed = False
        """Whether the handler has committed or told anything, once it has ended."""
        self._rows, self._reply = rows, reply
        self._waiting: asyncio.Task[Any] | None = None
        """For the handler's end, or for a place."""
        self.begun = False
        """The command is this run's, as far as is known, and its handler was called."""
        self._joined = False
        self._heard = False
        """Since the attempt came that is answered."""

    def joined_by(self, message: CommandMessage) -> bool:
        """Another attempt has come: whether this run answers it too. It does not when it was silent all through the
        one before, though that had joined it already. Before its handler is called it has nothing to say."""
        if message.attempt <= self.message.attempt:
            return self.why is None
        if self.begun and self._joined and not self._heard:
            self.stop(Why.SILENT)
        if self.why is None:
            self.message, self._joined, self._heard = message, True, False
        return self.why is None

    @property
    def patience_s(self) -> float | None:
        """So often it says that it waits: three times before its attempt would be given up. None: that never is."""
        if self.message.deadline_ms is None:
            return None
        return max(PATIENCE_S, (self.message.deadline_ms - self.message.time_ms) / 3_000)

    async def say_it_is_there(self) -> None:
        """It waits, and has not begun. Returns when Kafka has it."""
        await self._reply(self.message, Progress(NULL), self.message.traceparent)

    def stop(self, why: Why) -> None:
        """The handler is to end."""
        self.why = self.why or why
        if self._waiting is not None:
            self._waiting.cancel()

    async def handled(self, handler: Coroutine[Any, Any, Answered]) -> Answered | None:
        """What the handler answers; None: nothing, since it was told to end."""
        self.begun = True
        return await self.unless_told_to_end(handler)

    async def unless_told_to_end(self, wanted: Coroutine[Any, Any, T]) -> T | None:
        """What comes of it; None: nothing, since the handler was told to end."""
        if self.why is not None:
            wanted.close()
            return None
        self._waiting = asyncio.create_task(wanted)
        try:
            await asyncio.wait([self._waiting])
        finally:
            self._waiting.cancel()
        return None if self._waiting.cancelled() else self._waiting.result()

    def latest(self, attempt: int) -> CommandMessage:
        """The message to answer, if that attempt came to another process."""
        if attempt <= self.message.attempt:
            return self.message
        return msgspec.structs.replace(self.message, attempt=attempt)

    async def beat(self, details: msgspec.Raw) -> None:
        """See Pulse."""
        self._go_on()
        attempt: int | None = 0
        if self._rows is not None:
            attempt = await self._rows.beat(self.call.forward_id, self.name, details)
        if attempt is None:
            self._lose()
        await self._reply(self.latest(attempt), Progress(details), self.message.traceparent)
        failpoint("heartbeat_acknowledged")
        self._heard = True
        self._go_on()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        """See Pulse."""
        self._go_on()
        if self._rows is None:
            raise RuntimeError(f"{self.call.handler.name} has no database: its participant has no barrier.")
        async with self._rows.transaction(self.call.forward_id, self.name) as session:
            if session is None:
                self._lose()
            yield session

    def _go_on(self) -> None:
        if self.why is not None:
            raise Stopped

    def _lose(self) -> NoReturn:
        self.why = self.why or Why.LOST
        raise Stopped
