"""Kafka in memory: what was published, and replies that a test hands over."""

import asyncio
from collections.abc import Callable, Sequence

from contracts.answers import Answer
from contracts.command_message import CHILD, CommandMessage
from contracts.reply_message import PARENT, ReplyMessage
from coordinator.engine.facts import Accepted, Known, Reply, Verdict
from coordinator.runtime.calls import called
from coordinator.runtime.intake import Intake
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import Confirmed, OutboxRow, PublisherUnavailable
from coordinator.runtime.starting import Starting

Answering = Callable[[OutboxRow], Answer | None]


class MemoryBroker:
    """Answers the port ``Broker``. Owns all partitions unless told otherwise."""

    def __init__(self, answering: Answering | None = None, partitions: frozenset[int] = frozenset(range(8))) -> None:
        self.published: list[OutboxRow] = []
        """In the order acknowledged."""
        self.verdicts: list[Verdict] = []
        """What became of the replies."""
        self.unavailable = False
        """While set, publishing raises PublisherUnavailable."""
        self.refuse: Callable[[OutboxRow], bool] = lambda row: False
        """Rows that are not acknowledged, and with them the later ones of their saga."""
        self.gate: asyncio.Event | None = None
        """If given, publishing waits for it."""
        self.paused = False
        self._answering = answering
        self._partitions = partitions
        self._intake: Intake | None = None
        self._starting: Starting | None = None
        self._changed = asyncio.Event()

    async def start(self, intake: Intake, ownership: Ownership, starting: Starting) -> None:
        self._intake, self._starting = intake, starting
        ownership.assign(self._partitions, 8)

    async def pause(self) -> None:
        self.paused = True

    async def stop(self) -> None:
        self._intake = None

    @property
    def trouble(self) -> str | None:
        return None

    async def publish(self, rows: Sequence[OutboxRow]) -> Sequence[Confirmed]:
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        if self.unavailable:
            raise PublisherUnavailable("The broker in memory is away, as asked for.")
        behind: set[str] = set()
        out: list[OutboxRow] = []
        for row in rows:
            if row.saga_id in behind or self.refuse(row):
                behind.add(row.saga_id)
            else:
                out.append(row)
        self.published.extend(out)
        self._changed.set()
        for row in out:
            if self._between_sagas(row):
                continue
            if self._answering is not None and (answer := self._answering(row)) is not None:
                self.reply(row, answer)
        return [Confirmed(row.command_id, row.attempt) for row in out]

    def _between_sagas(self, row: OutboxRow) -> bool:
        """Calls, undos and answers of sagas that call each other arrive at once."""
        intake, name = self._intake, row.headers[-1][0] if row.headers else ""
        if intake is None or name not in (CHILD, PARENT):
            return False
        if name == PARENT:
            reply = ReplyMessage.read(row.headers, row.value)
            intake.offer(reply.saga_id, Reply(reply.command_id, reply.attempt, reply.answer), self.verdicts.append)
            return True
        assert self._starting is not None, "it was started"
        message = CommandMessage.read(row.headers, row.value)

        def done(verdict: Verdict) -> None:
            answer = verdict.answer if isinstance(verdict, Accepted | Known) else None
            if answer is not None and self._intake is not None:
                reply = Reply(message.command_id, message.attempt, answer)
                self._intake.offer(message.saga_id, reply, self.verdicts.append)

        intake.offer(row.key, called(message, row.key, self._starting), done)
        return True

    def reply(self, row: OutboxRow, answer: Answer) -> None:
        """The participant answers that row."""
        if self._intake is not None:
            self._intake.offer(row.saga_id, Reply(row.command_id, row.attempt, answer), self.verdicts.append)

    async def until_published(self, count: int) -> Sequence[OutboxRow]:
        """Waits until so many rows were acknowledged."""
        while len(self.published) < count:
            self._changed.clear()
            await self._changed.wait()
        return self.published
