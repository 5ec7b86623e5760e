"""A coordinator on a real Kafka, with its log in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contracts.answers import Answer
from contracts.command_message import CommandMessage
from contracts.topics import Topics
from coordinator.kafka.broker import KafkaBroker
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.topics import TopicsKeeper, topics_needed
from coordinator.runtime.backoff import Backoff
from coordinator.runtime.coordinator import Coordinator
from coordinator.runtime.limits import Limits
from tests.fakes.memory_store import MemoryStore
from tests.integration.runtime.shop import Shop, succeed
from tests.unit.runtime.recording import Recording
from tests.unit.runtime.sagas import DEFINITIONS
from tests.unit.runtime.until import until_soon

QUICK = Limits(
    publish_retry=Backoff(0.05, 0.5), leftovers_older_ms=500, foreign_leftovers_older_ms=2_000, sweep_every_ms=200
)


@dataclass
class OnKafka:
    """What a test may look at."""

    coordinator: Coordinator
    broker: KafkaBroker
    store: MemoryStore
    observer: Recording


class Kafka:
    """Makes coordinators and participants of one test on its own topics."""

    def __init__(self, bootstrap: str, topics: Topics, stack: AsyncExitStack) -> None:
        self.bootstrap, self.topics = bootstrap, topics
        self.settings = KafkaSettings(
            bootstrap,
            partitions=4,
            session_timeout_ms=6_000,
            publish_timeout_ms=2_000,
            request_timeout_ms=5_000,
            topics_every_ms=1_000,
            commit_every_ms=50,
            retry=Backoff(0.05, 0.5),
        )
        self._stack = stack

    async def topics_made(self) -> None:
        """Returns when the topics are there."""
        await TopicsKeeper(self.settings, topics_needed(self.topics, ["shop"])).ensure()

    async def coordinator(self, store: MemoryStore | None = None, **limits: Any) -> OnKafka:
        """A coordinator that has its partitions."""
        store = store or MemoryStore()
        observer = Recording()
        broker = KafkaBroker(self.settings, self.topics, ["shop"])
        coordinator = Coordinator(
            store=store,
            broker=broker,
            definitions=DEFINITIONS,
            topics=self.topics,
            observer=observer,
            limits=replace(QUICK, **limits),
        )
        self._stack.push_async_callback(coordinator.stop)
        await coordinator.start()
        await until_soon(lambda: coordinator.ready.ready)
        return OnKafka(coordinator, broker, store, observer)

    async def shop(self, answering: Callable[[CommandMessage], Answer | None] = succeed) -> Shop:
        """A participant that serves."""
        await self.topics_made()
        shop = Shop(self.bootstrap, self.topics, answering)
        self._stack.push_async_callback(shop.stop)
        await shop.start()
        return shop


@pytest.fixture
async def kafka(bootstrap: str, topic_prefix: str) -> AsyncIterator[Kafka]:
    """This test's corner of Kafka."""
    async with AsyncExitStack() as stack:
        yield Kafka(bootstrap, Topics(topic_prefix), stack)
