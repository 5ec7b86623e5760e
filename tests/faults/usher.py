"""A participant that a test plays itself: it answers in any order, several times, and remembers what it did."""

import asyncio
import json
import random
from types import TracebackType
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.answers import Failure, Refusal, Success
from contracts.command_message import CommandMessage
from contracts.failures import Problem
from contracts.ids import forward_id
from contracts.reply_message import ReplyMessage
from contracts.values import NULL
from tests.faults.evidence import Effect
from tests.faults.system import System

SOLD_OUT_ROW = 13


class Usher:
    """Serves ``seats`` by a barrier of its own. Nobody gets a seat in row 13."""

    def __init__(self, system: System, seed: int) -> None:
        self.effects: list[Effect] = []
        self._random = random.Random(seed)
        self._topics = system.topics
        self._kept: dict[str, Success | Refusal] = {}
        bootstrap = system.servers.kafka.bootstrap
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._producer.start()
        await self._consumer.start()
        self._consumer.subscribe([self._topics.commands("seats")])
        self._serving = asyncio.create_task(self._serve())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._serving is not None
        self._serving.cancel()
        await asyncio.wait([self._serving])
        await self._consumer.stop()
        await self._producer.stop()
        if not self._serving.cancelled():
            self._serving.result()

    async def _serve(self) -> None:
        """Collects until nothing more comes, then answers all that in an order that has nothing to do with it."""
        waiting: list[CommandMessage] = []
        while True:
            found: dict[Any, list[Any]] = await self._consumer.getmany(timeout_ms=150)
            for records in found.values():
                waiting += [CommandMessage.read(record.headers, record.value) for record in records]
            if not found and waiting:
                await self._answer(waiting)
                waiting = []

    async def _answer(self, commands: list[CommandMessage]) -> None:
        replies = [
            reply for command in commands for reply in self._replies(command) for _ in range(self._random.randint(1, 3))
        ]
        self._random.shuffle(replies)
        for reply in replies:
            await self._producer.send(
                self._topics.replies, reply.value, key=reply.saga_id.encode(), headers=reply.headers()
            )
        await self._producer.flush()

    def _replies(self, command: CommandMessage) -> list[ReplyMessage]:
        """The answer, and a failure of an attempt that never was."""
        answer = self._kept.get(command.command_id)
        if answer is None:
            answer = self._kept[command.command_id] = self._do(command)
        outdated = Failure(Problem("outdated", "Of an older attempt.", retryable=True))
        return [self._reply(command, command.attempt, answer), self._reply(command, command.attempt - 1, outdated)]

    def _reply(self, command: CommandMessage, attempt: int, answer: Success | Refusal | Failure) -> ReplyMessage:
        reply_id = f"{self._random.getrandbits(64):016x}"
        source = "/amends/participants/seats"
        return ReplyMessage(reply_id, command.saga_id, command.command_id, attempt, answer, source, command.time_ms)

    def _do(self, command: CommandMessage) -> Success | Refusal:
        forward = forward_id(command.command_id)
        if command.direction == "undo":
            if isinstance(self._kept.setdefault(forward, Refusal(Problem("undone_before"))), Success):
                self.effects.append(Effect("seats", forward, "undo"))
            return Success(NULL)
        row = json.loads(command.value)["request"]["row"]
        if row == SOLD_OUT_ROW:
            return Refusal(Problem("sold_out", "Nothing is left in this row."))
        self.effects.append(Effect("seats", forward, "forward"))
        return Success(msgspec.Raw(b'{"seat":"%dA"}' % row))
