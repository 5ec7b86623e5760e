"""A participant without the SDK: a plain Kafka client that answers every command."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.answers import Answer, Success
from contracts.command_message import CommandMessage
from contracts.reply_message import ReplyMessage
from contracts.topics import Topics
from contracts.values import NULL
from tests.unit.runtime.sagas import DONE


def succeed(command: CommandMessage) -> Answer | None:
    """Every command and every undo."""
    return DONE if command.direction == "forward" else Success(NULL)


class Shop:
    """Keeps what it got; answers unless told not to."""

    def __init__(self, bootstrap: str, topics: Topics, answering: Callable[[CommandMessage], Answer | None]) -> None:
        self.got: list[tuple[CommandMessage, Any]] = []
        """Commands with their records, in the order they came."""
        self._answering = answering
        self._consumer = AIOKafkaConsumer(
            topics.commands("shop"),
            bootstrap_servers=bootstrap,
            group_id=f"{topics.prefix}.shop",
            auto_offset_reset="earliest",
            metadata_max_age_ms=1_000,
        )
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, metadata_max_age_ms=1_000)
        self._serving: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def start(self) -> None:
        await self._consumer.start()
        await self._producer.start()
        self._serving = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])
        await self._consumer.stop()
        await self._producer.stop()

    async def _serve(self) -> None:
        async for record in self._consumer:
            command = CommandMessage.read(record.headers, record.value)
            self.got.append((command, record))
            self._changed.set()
            if (answer := self._answering(command)) is not None:
                await self.answer(command, answer)

    async def answer(self, command: CommandMessage, answer: Answer) -> None:
        """Sends the reply."""
        reply = ReplyMessage(
            f"{command.command_id}/{command.attempt}",
            command.saga_id,
            command.command_id,
            command.attempt,
            answer,
            "/amends/participants/shop",
            command.time_ms,
        )
        await self.send(command.reply_to, command.saga_id.encode(), reply.headers(), reply.value)

    async def send(self, topic: str, key: bytes | None, headers: Any, value: bytes | None) -> None:
        """Any record."""
        await self._producer.send_and_wait(topic, value, key, headers=headers)

    async def until_got(self, count: int) -> None:
        """Waits until so many commands came."""
        while len(self.got) < count:
            self._changed.clear()
            await self._changed.wait()
