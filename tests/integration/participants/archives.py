"""Processes of the archive, on a real Postgres and without Kafka."""

import asyncio
from functools import partial
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts.command_message import CommandMessage
from participants.sdk.apart import executor_of
from participants.sdk.arrivals import Arrivals, Call
from participants.sdk.long_handlers import LongHandlers
from participants.sdk.tracing import Tracing
from tests.unit.participants.archive import REPLIES, Answer, Hand, participant_of_archive, row_walked, said, walk

WITHIN_S = 20


class Process:
    """One process of the archive's, without Kafka."""

    def __init__(self, name: str, url: str, places: int) -> None:
        self.hand = Hand(name)
        self.replies: list[str] = []
        self.engine: AsyncEngine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        self._arrivals = Arrivals(participant_of_archive(self.hand), REPLIES)
        self._answered = asyncio.Condition()
        self.heard = asyncio.Event()
        """Not set: Kafka cannot be reached from here."""
        self.heard.set()
        tracing = Tracing("amends.commands.archive")
        executor = partial(executor_of, self.engine, tracing, 30)
        self.room = LongHandlers(executor, tracing, self.engine, self._reply, places)

    async def _reply(self, message: CommandMessage, answer: Answer, traceparent: str | None) -> None:
        await self.heard.wait()
        async with self._answered:
            self.replies.append(said(message, answer))
            self._answered.notify_all()

    def take(self, message: CommandMessage) -> "asyncio.Task[None]":
        """A record of Kafka's."""
        call = self._arrivals.read(message.headers(), message.value)
        assert isinstance(call, Call)
        return self.room.take(call)

    def lets(self, rows: int = 1) -> None:
        """Its handler may walk so many more."""
        for _ in range(rows):
            self.hand.steps.release()

    async def says(self, *replies: str) -> None:
        """Returns when these are the last replies."""
        async with asyncio.timeout(WITHIN_S), self._answered:
            await self._answered.wait_for(lambda: self.replies[-len(replies) :] == list(replies))

    async def walks(self) -> "asyncio.Task[None]":
        """Takes the command, and returns when its handler has told of its first row, and waits for the next."""
        answering = self.take(walk())
        self.lets()
        await self.says("1 progress 1")
        return answering

    async def dies(self) -> None:
        """As by SIGKILL: nothing is said or written any more, and its connections are gone."""
        for each in [each for messages in self.room._open.values() for each in messages]:
            each.cancel()
        await self.room.closed(WITHIN_S)

    async def rows(self) -> list[tuple[int, str]]:
        """What was walked, and by which process."""
        async with self.engine.connect() as connection:
            found = await connection.execute(select(row_walked.c.row, row_walked.c.process).order_by(row_walked.c.row))
            return [(row, process) for row, process in found]


class New(Protocol):
    """Makes a process."""

    def __call__(self, name: str, places: int = 100) -> Process: ...


async def ended(*answering: "asyncio.Task[None]") -> None:
    """Returns when these are answered, here or elsewhere."""
    async with asyncio.timeout(WITHIN_S):
        await asyncio.wait(answering)
