"""The topics, made when they are missing. Another cluster, or a topic that was deleted, is noticed (K3)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from contracts.timeless import BROKERS_TIME
from contracts.topics import Topics
from coordinator.kafka.connection import KafkaSettings

log = structlog.get_logger(__name__)

_REPLICAS = 3
"""Unless the settings say otherwise, and there are as many brokers."""


def topics_needed(topics: Topics, participants: Sequence[str]) -> list[str]:
    """All topics of a deployment with these participants."""
    commands = [topics.commands(participant) for participant in sorted(set(participants))]
    return [topics.replies, topics.requests, topics.lifecycle, topics.dead_letters, *commands]


class TopicsKeeper:
    """Looks after the topics, now and then and whenever something seems to be missing."""

    def __init__(self, settings: KafkaSettings, names: Sequence[str]) -> None:
        self._settings = settings
        self._names = list(names)
        self._cluster: str | None = None
        self._complete = False
        self._failures = 0
        self._look = asyncio.Event()
        self.on_replaced: Callable[[], None] = lambda: None
        """Called when the cluster is another one, or topics had to be made again: clients should connect anew."""

    @property
    def trouble(self) -> bool:
        """Whether the brokers did not answer the last time."""
        return self._failures > 0

    def look(self) -> None:
        """Something seems to be missing: look soon."""
        self._look.set()

    async def ensure(self) -> bool:
        """Makes what is missing. True when something was replaced since the last look. Raises KafkaError, OSError."""
        admin = AIOKafkaAdminClient(**self._settings.client())
        try:
            async with asyncio.timeout(self._settings.connect_timeout_ms / 1e3):
                await admin.start()
                cluster: dict[str, Any] = await admin.describe_cluster()
                existing = set(await admin.list_topics())
                missing = [name for name in self._names if name not in existing]
                if missing:
                    await self._create(admin, missing, len(cluster["brokers"]))
        finally:
            async with asyncio.timeout(self._settings.request_timeout_ms / 1e3):
                await admin.close()
        replaced = self._cluster not in (None, cluster["cluster_id"]) or (self._complete and bool(missing))
        if replaced:
            log.warning("kafka_replaced", cluster=cluster["cluster_id"], topics_made=missing)
        self._cluster = cluster["cluster_id"]
        self._complete = True
        return replaced

    async def _create(self, admin: AIOKafkaAdminClient, names: Sequence[str], brokers: int) -> None:
        replicas = self._settings.replicas if self._settings.replicas > 0 else min(_REPLICAS, brokers)
        wanted = [
            NewTopic(name, self._settings.partitions, replicas, topic_configs=dict(BROKERS_TIME)) for name in names
        ]
        answer: Any = await admin.create_topics(wanted)
        for topic, code, *message in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(f"The topic {topic} cannot be made: {message}")
        log.info("topics_made", topics=list(names), partitions=self._settings.partitions, replicas=replicas)

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            self._look.clear()
            try:
                if await self.ensure():
                    self.on_replaced()
                self._failures = 0
            except (KafkaError, OSError, TimeoutError) as error:
                self._failures += 1
                log.warning("topics_unknown", error=repr(error))
            await asyncio.sleep(self._settings.retry.delay_s(self._failures + 2))
            if not self._failures:
                try:
                    async with asyncio.timeout(self._settings.topics_every_ms / 1e3):
                        await self._look.wait()
                except TimeoutError:
                    continue
