"""What the coordinator sends: many partitions in one go, each in order, none kept back by another."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

import coordinator.kafka.sender
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.records import Record, partition_for
from coordinator.kafka.sender import RecordSender
from coordinator.runtime.ports import PublisherUnavailable
from tests.unit.runtime.until import until_soon

TOPIC = "commands"
PARTITIONS = (0, 1, 2, 3)
Sent = tuple[int, int]
"""A batch: its partition, and how many records it has."""


class Cluster:
    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(PARTITIONS)


class Producer:
    """Keeps what it is given; the test says what becomes of it."""

    def __init__(self, batch_bytes: int) -> None:
        self.client = type("Client", (), {"cluster": Cluster()})()
        self.sent: list[Sent] = []
        self.outcomes: list[asyncio.Future[None]] = []
        self.at_once = True
        """Acknowledges what it is given."""
        self._batch_bytes = batch_bytes

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self._batch_bytes, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[None]":
        self.sent.append((partition, batch.record_count()))
        outcome = asyncio.get_running_loop().create_future()
        self.outcomes.append(outcome)
        if self.at_once:
            outcome.set_result(None)
        return outcome

    async def stop(self) -> None: ...


class Sending(RecordSender):
    """With the producers of the test."""

    def __init__(self, *producers: Producer, publish_timeout_ms: int = 30_000) -> None:
        super().__init__(KafkaSettings(bootstrap="nowhere:9092", publish_timeout_ms=publish_timeout_ms))
        self.producers = list(producers)

    async def _ready(self) -> Any:
        if self._producer is None:
            self._producer = self.producers.pop(0)  # pyright: ignore[reportAttributeAccessIssue]
        return self._producer


def records(count: int) -> list[Record]:
    return [Record(TOPIC, f"saga:{number}", [("ce_id", b"1")], b"x" * 100) for number in range(count)]


def in_partition(wanted: int, count: int) -> list[Record]:
    return [each for each in records(100 * count) if partition_for(each.key, PARTITIONS) == wanted][:count]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator.kafka.sender, "_STALLED_S", 0.05)


async def test_all_partitions_are_handed_over_in_one_go() -> None:
    """Nothing waits for another partition's acknowledgement, so that one request carries all of it."""
    producer = Producer(100_000)
    producer.at_once = False
    sending = asyncio.create_task(Sending(producer).send(records(40)))
    await until_soon(lambda: len(producer.sent) == len(PARTITIONS))
    for outcome in producer.outcomes:
        outcome.set_result(None)
    assert await sending == [True] * 40
    assert sorted(partition for partition, _ in producer.sent) == list(PARTITIONS)
    assert sum(count for _, count in producer.sent) == 40


async def test_the_next_batch_of_a_partition_waits_for_the_one_before() -> None:
    """What does not fit in one batch follows when that is acknowledged, and not at all when it is not."""
    producer, another = Producer(1_000), Producer(1_000)
    assert await Sending(producer).send(in_partition(1, 20)) == [True] * 20
    assert len(producer.sent) > 1
    assert sum(count for _, count in producer.sent) == 20
    another.at_once = False
    sending = asyncio.create_task(Sending(another, producer).send(in_partition(1, 20)))
    await until_soon(lambda: len(another.outcomes) == 1)
    another.outcomes[0].set_result(None)
    await until_soon(lambda: len(another.outcomes) == 2)
    another.outcomes[1].set_exception(KafkaError("no"))
    first = another.sent[0][1]
    assert await sending == [True] * first + [False] * (20 - first)
    assert len(another.sent) == 2


async def test_a_partition_that_fails_is_the_only_one() -> None:
    """The others are acknowledged; the producer is made anew."""
    producer, another = Producer(100_000), Producer(100_000)
    producer.at_once = False
    sender = Sending(producer, another)
    given = records(40)
    sending = asyncio.create_task(sender.send(given))
    await until_soon(lambda: len(producer.outcomes) == len(PARTITIONS))
    bad = producer.sent[0][0]
    producer.outcomes[0].set_exception(KafkaError("no"))
    for outcome in producer.outcomes[1:]:
        outcome.set_result(None)
    assert await sending == [partition_for(each.key, PARTITIONS) != bad for each in given]
    assert await sender.send(given) == [True] * 40
    assert len(another.sent) == len(PARTITIONS)
    await sender.close()


async def test_nothing_acknowledged_is_an_error() -> None:
    """The caller is told, so that it holds back."""
    producer = Producer(100_000)
    producer.at_once = False
    sender = Sending(producer)
    sending = asyncio.create_task(sender.send(in_partition(2, 3)))
    await until_soon(lambda: len(producer.outcomes) == 1)
    producer.outcomes[0].set_exception(KafkaError("no"))
    with pytest.raises(PublisherUnavailable):
        await sending
    await sender.close()


@pytest.mark.usefixtures("impatient")
async def test_a_partition_that_does_not_answer_is_given_nothing_more() -> None:
    """While a batch of it is not acknowledged for long, its records are not tried, and the others' are."""
    producer = Producer(100_000)
    producer.at_once = False
    sender = Sending(producer)
    stalled = asyncio.create_task(sender.send(in_partition(3, 1)))
    await until_soon(lambda: len(producer.outcomes) == 1)
    producer.at_once = True
    given = records(40)
    assert await sender.send(given) == [partition_for(each.key, PARTITIONS) != 3 for each in given]
    producer.outcomes[0].set_result(None)
    assert await stalled == [True]
    assert await sender.send(given) == [True] * 40


async def test_a_caller_that_is_stopped_leaves_the_partition_busy() -> None:
    """What it handed over is still with the producer: the next records of that partition wait for it."""
    producer = Producer(100_000)
    producer.at_once = False
    sender = Sending(producer)
    stopped = asyncio.create_task(sender.send(in_partition(3, 1)))
    await until_soon(lambda: len(producer.outcomes) == 1)
    stopped.cancel()
    await asyncio.wait([stopped])
    producer.at_once = True
    following = asyncio.create_task(sender.send(in_partition(3, 2)))
    following_started = asyncio.create_task(sender.send(in_partition(1, 1)))
    assert await following_started == [True]
    assert [partition for partition, _ in producer.sent] == [3, 1]
    producer.outcomes[0].set_result(None)
    assert await following == [True, True]


async def test_a_call_whose_producer_was_thrown_away_keeps_nobody_back() -> None:
    """It gives its second batch to a producer that will never send it; the partition is free for the next producer."""
    old, new = Producer(1_000), Producer(1_000)
    old.at_once = False
    sender = Sending(old, new)
    slow = asyncio.create_task(sender.send(in_partition(1, 20)))
    await until_soon(lambda: len(old.outcomes) == 1)
    failing = asyncio.create_task(sender.send(in_partition(2, 1)))
    await until_soon(lambda: len(old.outcomes) == 2)
    old.outcomes[1].set_exception(KafkaError("no"))
    with pytest.raises(PublisherUnavailable):
        await failing
    old.outcomes[0].set_result(None)
    await until_soon(lambda: slow.done() or len(old.outcomes) == 3)
    assert await sender.send(in_partition(1, 3)) == [True] * 3
    slow.cancel()
    await asyncio.wait([slow])
    await sender.close()


@pytest.mark.usefixtures("impatient")
async def test_a_partition_that_never_answers_is_asked_by_another_producer() -> None:
    """Also when nobody waits for its answer any more."""
    silent, another = Producer(100_000), Producer(100_000)
    silent.at_once = False
    sender = Sending(silent, another, publish_timeout_ms=100)
    stopped = asyncio.create_task(sender.send(in_partition(3, 1)))
    await until_soon(lambda: len(silent.outcomes) == 1)
    stopped.cancel()
    await asyncio.wait([stopped])
    acknowledged = [False]
    async with asyncio.timeout(20):
        while not all(acknowledged):
            with suppress(PublisherUnavailable):
                acknowledged = await sender.send(in_partition(3, 2))
            await asyncio.sleep(0)
    assert another.sent == [(3, 2)]
    await sender.close()
