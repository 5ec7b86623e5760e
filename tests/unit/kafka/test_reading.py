"""A topic is read for ever: whatever ends a consumer, another follows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.reading import Reading
from coordinator.runtime.backoff import Backoff
from tests.unit.runtime.until import until_soon


class Consumer:
    """Reads until it is told otherwise."""

    stuck = False

    def __init__(self) -> None:
        self.assigned = False
        self.ends: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.forgotten = self.closed = self.paused = False

    async def run(self) -> None:
        await self.ends

    def forget(self) -> None:
        self.forgotten = True

    def pause(self) -> None:
        self.paused = True

    def room(self) -> None: ...

    def look(self) -> None: ...

    async def close(self) -> None:
        self.closed = True


class Topic:
    """The consumers of one reading, in the order in which they were made."""

    def __init__(self) -> None:
        self.prepared = 0
        self.away = False
        self.consumers: list[Any] = []
        settings = KafkaSettings("nowhere:9092", retry=Backoff(0.001, 0.002))
        self.reading = Reading("requests", settings, self.prepare, self.make)

    async def prepare(self) -> None:
        self.prepared += 1
        if self.away:
            raise KafkaConnectionError("away, as asked for")

    def make(self) -> Any:
        self.consumers.append(Consumer())
        return self.consumers[-1]

    async def consumer(self, number: int) -> Any:
        """The first, second, …, once it is there."""
        await until_soon(lambda: len(self.consumers) >= number and self.reading.trouble != "Kafka does not answer.")
        return self.consumers[number - 1]


@pytest.fixture
async def topic() -> AsyncIterator[Topic]:
    topic = Topic()
    yield topic
    await topic.reading.stop()


async def test_it_says_why_nothing_is_read(topic: Topic) -> None:
    """From before the first answer until its part is known."""
    assert topic.reading.trouble == "Kafka has not answered yet."
    topic.reading.start()
    consumer = await topic.consumer(1)
    assert topic.reading.trouble == "The coordinators are dividing the partitions among themselves."
    consumer.assigned = True
    assert topic.reading.trouble is None


@pytest.mark.parametrize("error", [KafkaConnectionError("gone"), TimeoutError(), RuntimeError("nobody thought of it")])
async def test_a_consumer_that_breaks_is_followed_by_another(topic: Topic, error: Exception) -> None:
    """It is closed first, and all is prepared again."""
    topic.reading.start()
    first = await topic.consumer(1)
    first.ends.set_exception(error)
    second = await topic.consumer(2)
    assert (first.closed, second.closed, topic.prepared) == (True, False, 2)


async def test_a_broker_that_is_away_is_asked_again(topic: Topic) -> None:
    """However often."""
    topic.away = True
    topic.reading.start()
    await until_soon(lambda: topic.prepared > 3)
    assert topic.reading.trouble == "Kafka does not answer."
    assert topic.consumers == []
    topic.away = False
    await topic.consumer(1)


async def test_a_topic_that_is_another_one_is_read_anew(topic: Topic) -> None:
    """No offset of the old one is committed."""
    topic.reading.start()
    first = await topic.consumer(1)
    topic.reading.forget()
    await topic.consumer(2)
    assert first.forgotten
    assert first.closed


async def test_a_consumer_that_is_stuck_is_followed_by_another(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch sees it."""
    monkeypatch.setattr("coordinator.kafka.reading._WATCH_S", 0.001)
    topic.reading.start()
    first = await topic.consumer(1)
    first.stuck = True
    await topic.consumer(2)
    assert first.closed


async def test_a_pause_takes_nothing_more_and_a_stop_ends_it(topic: Topic) -> None:
    """No consumer follows."""
    topic.reading.start()
    consumer = await topic.consumer(1)
    topic.reading.pause()
    assert (consumer.paused, consumer.closed) == (True, False)
    await topic.reading.stop()
    assert consumer.closed
    assert len(topic.consumers) == 1
