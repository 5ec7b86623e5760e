"""Replies and requests are read side by side, and only the replies count for readiness and ownership."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

import coordinator.kafka.consumer
from contracts.topics import Topics
from coordinator.kafka.broker import KafkaBroker
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.records import Record
from coordinator.kafka.sender import RecordSender
from coordinator.kafka.topics import TopicsKeeper
from coordinator.runtime.backoff import Backoff
from coordinator.runtime.intake import Intake
from coordinator.runtime.limits import Limits
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import Confirmed, OutboxRow
from coordinator.runtime.starting import Starting
from coordinator.saga import Definitions
from tests.unit.runtime.until import until_soon

REPLIES, REQUESTS = "amends.replies", "amends.requests"


class Consumer:
    """One of aiokafka's that has all partitions of its topic, and never a record."""

    made: dict[str, list["Consumer"]]
    away: set[str]
    """Groups that cannot be joined."""

    def __init__(self, *, group_id: str, **_: Any) -> None:
        self._client = type("Client", (), {"_metadata_update": None})()
        self.group = group_id
        self.stopped = False
        self.parts: set[TopicPartition] = set()
        self.made.setdefault(group_id, []).append(self)

    async def start(self) -> None:
        if self.group in self.away:
            raise KafkaConnectionError("away, as asked for")

    def subscribe(self, topics: Sequence[str], listener: Any) -> None:
        counts = {REPLIES: 4, REQUESTS: 2}
        self.parts = {TopicPartition(topics[0], number) for number in range(counts[topics[0]])}
        asyncio.get_running_loop().create_task(listener.on_partitions_assigned(self.parts))

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {part.partition for part in self.parts}

    def assignment(self) -> set[TopicPartition]:
        return self.parts

    async def getmany(self, **_: Any) -> dict[Any, Any]:
        await asyncio.Event().wait()
        return {}

    def pause(self, *parts: TopicPartition) -> None: ...

    async def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def consumers(monkeypatch: pytest.MonkeyPatch) -> type[Consumer]:
    """Takes the place of aiokafka's, of the producer and of the admin client."""

    async def nothing_replaced(self: TopicsKeeper) -> bool:
        return False

    async def connected(self: RecordSender, topics: Sequence[str]) -> None: ...

    Consumer.made, Consumer.away = {}, set()
    monkeypatch.setattr(coordinator.kafka.consumer, "AIOKafkaConsumer", Consumer)
    monkeypatch.setattr(TopicsKeeper, "ensure", nothing_replaced)
    monkeypatch.setattr(RecordSender, "connect", connected)
    return Consumer


@pytest.fixture
async def broker(consumers: type[Consumer]) -> AsyncIterator[KafkaBroker]:
    broker = KafkaBroker(KafkaSettings("nowhere:9092", retry=Backoff(0.001, 0.002)), Topics(), [])
    yield broker
    await broker.stop()


async def begin(broker: KafkaBroker) -> Ownership:
    ownership = Ownership()
    starting = Starting(Definitions([]), lambda saga_id, definition, client: client)
    assert broker.trouble == "Kafka has not answered yet."
    await broker.start(Intake(Limits()), ownership, starting)
    await until_soon(lambda: broker.trouble is None)
    return ownership


async def test_ownership_comes_from_the_replies(broker: KafkaBroker, consumers: type[Consumer]) -> None:
    """Each topic has a group of its own, and that of the requests is nobody's business."""
    ownership = await begin(broker)
    await until_soon(lambda: consumers.made.keys() == {"amends.coordinators", "amends.requests"})
    assert ownership.partitions == {0, 1, 2, 3}
    assert (broker.group, broker.requests_group) == ("amends.coordinators", "amends.requests")


async def test_readiness_does_not_wait_for_requests(broker: KafkaBroker, consumers: type[Consumer]) -> None:
    """However often their consumer fails, the coordinator is ready, and the one of the replies goes on."""
    consumers.away.add(broker.requests_group)
    await begin(broker)
    await until_soon(lambda: len(consumers.made[broker.requests_group]) > 3)
    assert broker.trouble is None
    assert len(consumers.made[broker.group]) == 1


async def test_a_stop_ends_both(broker: KafkaBroker, consumers: type[Consumer]) -> None:
    """And leaves their groups."""
    await begin(broker)
    await until_soon(lambda: len(consumers.made) == 2)
    await broker.pause()
    await broker.stop()
    assert [each.stopped for group in consumers.made.values() for each in group] == [True, True]


async def test_commands_go_by_the_partitions_of_the_replies(
    broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as there are when they are sent: topics get more of them while a coordinator runs."""
    sent: list[tuple[int | None, int | None]] = []

    async def send(self: RecordSender, records: Sequence[Record], of: int | None = None) -> list[bool]:
        sent.extend((record.partition, of) for record in records)
        return [True] * len(records)

    monkeypatch.setattr(RecordSender, "send", send)
    ownership = await begin(broker)
    row = OutboxRow("buy:1:1", 1, "buy:1", "amends.commands.shop", (), b"{}", 3)
    await until_soon(lambda: ownership.count == 4)
    assert await broker.publish([row]) == [Confirmed("buy:1:1", 1)]
    ownership.assign(frozenset({3}), 6)
    await broker.publish([row])
    assert sent == [(3, 4), (3, 6)]
