"""What a participant sees of a coordinator: it makes the topics, sends commands and reads the replies."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.command_message import CommandMessage
from contracts.reply_message import ReplyMessage
from contracts.topics import Topics

PARTITIONS = 4


class CoordinatorSide:
    """One client for a test."""

    def __init__(self, bootstrap: str, prefix: str, participant: str) -> None:
        self.topics = Topics(prefix)
        self.bootstrap = bootstrap
        self.commands = self.topics.commands(participant)
        self.group = f"{prefix}.participant.{participant}"
        self.answered: dict[str, list[ReplyMessage]] = {}
        """All replies read so far, by command."""
        self.partitions: dict[str, int] = {}
        """Where the last reply to each command was read."""
        self._producer: AIOKafkaProducer | None = None
        self._replies: AIOKafkaConsumer | None = None

    async def make_topics(self) -> None:
        """All that a participant needs."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        names = self.commands, self.topics.replies, self.topics.dead_letters
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
        await admin.close()

    async def send(self, *messages: CommandMessage) -> None:
        """Sends them all, and waits until Kafka has them."""
        records = [(m.saga_id.encode(), m.value, m.headers()) for m in messages]
        await self.send_records(records)

    async def send_records(self, records: Iterable[tuple[bytes | None, bytes | None, Any]]) -> None:
        """The same, for records that may be no commands."""
        if self._producer is None:
            self._producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
            await self._producer.start()
        sent = [
            await self._producer.send(self.commands, value, key, headers=headers) for key, value, headers in records
        ]
        await asyncio.gather(*sent)

    async def replies(self, count: int, seconds: float = 30) -> list[ReplyMessage]:
        """The next ``count`` replies; they may come in any order."""
        if self._replies is None:
            self._replies = await self._reader(self.topics.replies)
        async with asyncio.timeout(seconds):
            records = [await self._replies.getone() for _ in range(count)]
        replies = [_read(record) for record in records]
        for record, reply in zip(records, replies, strict=True):
            self.answered.setdefault(reply.command_id, []).append(reply)
            self.partitions[reply.command_id] = record.partition
        return replies

    async def replies_to(self, commands: Iterable[CommandMessage], seconds: float = 60) -> None:
        """Reads replies until each of these commands has one."""
        wanted = {command.command_id for command in commands}
        async with asyncio.timeout(seconds):
            while not wanted <= self.answered.keys():
                await self.replies(1, seconds)

    async def dead_letters(self, count: int) -> "list[ConsumerRecord[Any, Any]]":
        """The first ``count`` dead letters."""
        consumer = await self._reader(self.topics.dead_letters)
        try:
            async with asyncio.timeout(30):
                return [await consumer.getone() for _ in range(count)]
        finally:
            await consumer.stop()

    async def uncommitted(self) -> int:
        """How many commands the participant's group has not committed yet."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        committed = await admin.list_consumer_group_offsets(self.group)
        await admin.close()
        consumer = AIOKafkaConsumer(self.commands, bootstrap_servers=self.bootstrap)
        await consumer.start()
        ends: dict[Any, int] = await consumer.end_offsets(list(consumer.assignment()))
        await consumer.stop()
        done = {tp: meta.offset for tp, meta in committed.items()}
        return sum(end - done.get(tp, 0) for tp, end in ends.items())

    async def close(self) -> None:
        """Closes the clients."""
        for client in (self._producer, self._replies):
            if client is not None:
                await client.stop()

    async def _reader(self, topic: str) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        return consumer


def _read(record: "ConsumerRecord[Any, Any]") -> ReplyMessage:
    assert record.key is not None
    reply = ReplyMessage.read(record.headers, record.value)
    assert record.key.decode() == reply.saga_id
    return reply


@asynccontextmanager
async def coordinator_side(bootstrap: str, prefix: str, participant: str) -> AsyncGenerator[CoordinatorSide]:
    """The client, closed at the end."""
    side = CoordinatorSide(bootstrap, prefix, participant)
    try:
        yield side
    finally:
        await side.close()
