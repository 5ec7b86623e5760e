"""The participant of docs/examples as a process of its own, on a real Kafka."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.answers import Refusal, Success
from contracts.asyncapi import asyncapi_document
from contracts.command_message import CommandMessage
from contracts.reply_message import ReplyMessage
from contracts.topics import Topics
from tests.contracts.seats import Seats
from tests.contracts.test_plain_participant import EXAMPLE, release, reserve
from tests.contracts.wire import Wire

LIMIT_S = 30


class Line:
    """The coordinator's end of the line: sends commands and reads replies, each held against the schemas."""

    def __init__(self, topics: Topics, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self.topics = topics
        self._producer = producer
        self._consumer = consumer
        self._wire = Wire(topics, asyncapi_document([Seats]))

    async def send(self, message: CommandMessage) -> None:
        """Sends it as a coordinator does."""
        topic, key = self.topics.commands("seats"), message.saga_id.encode()
        headers = [(n, self.topics.replies.encode() if n == "ce_replyto" else v) for n, v in message.headers()]
        self._wire.check(topic, headers, message.value, key)
        await self._producer.send_and_wait(topic, message.value, key=key, headers=headers)

    async def reply(self) -> ReplyMessage:
        """The next reply."""
        record = await self._next(self.topics.replies)
        return ReplyMessage.read(record[0], record[1])

    async def dead_letter(self) -> dict[str, bytes]:
        """The headers of the next dead letter."""
        return dict((await self._next(self.topics.dead_letters))[0])

    async def _next(self, topic: str) -> tuple[list[tuple[str, bytes]], bytes]:
        record = await asyncio.wait_for(self._consumer.getone(), LIMIT_S)
        assert record.topic == topic
        headers = list(record.headers)
        self._wire.check(record.topic, headers, record.value, record.key)
        return headers, record.value or b""

    async def spoil(self) -> None:
        """Sends what nobody can read."""
        await self._producer.send_and_wait(self.topics.commands("seats"), b"{}", key=b"show:9")


@pytest.fixture
async def line(bootstrap: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Line]:
    """A participant that runs, and the other end of its line."""
    topics = Topics(topic_prefix)
    names = [topics.commands("seats"), topics.replies, topics.dead_letters]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1) for name in names])
    await admin.close()
    given = {"AMENDS_KAFKA_BOOTSTRAP": bootstrap, "AMENDS_TOPIC_PREFIX": topic_prefix}
    environment = {**os.environ, **given, "SEATS_DATABASE": str(tmp_path / "seats.sqlite")}
    process = await asyncio.create_subprocess_exec(sys.executable, EXAMPLE, env=environment)
    heard = AIOKafkaConsumer(
        topics.replies, topics.dead_letters, bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    try:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer, heard as consumer:
            yield Line(topics, producer, consumer)
    finally:
        process.kill()
        await process.wait()


async def test_it_keeps_the_protocol(line: Line) -> None:
    """A command is done once however often it comes, its undo undoes it, and a command after its undo is refused."""
    answers: list[str] = []
    for message in (reserve(1), reserve(1, attempt=2), release(1), release(2), reserve(2)):
        await line.send(message)
        reply = await line.reply()
        assert (reply.command_id, reply.attempt) == (message.command_id, message.attempt)
        match reply.answer:
            case Success(result):
                answers.append(bytes(result).decode())
            case Refusal(problem):
                answers.append(problem.type)
            case other:
                answers.append(repr(other))
    assert answers == ['{"seat": "7A"}', '{"seat": "7A"}', "null", "null", "undone_before"]


async def test_what_cannot_be_read_does_not_stop_it(line: Line) -> None:
    """A record without headers goes to the dead letters with the reason, and the next command is answered."""
    await line.spoil()
    assert b"ce_id" in (await line.dead_letter())["amends-reason"]
    await line.send(reserve(3))
    assert isinstance((await line.reply()).answer, Success)
