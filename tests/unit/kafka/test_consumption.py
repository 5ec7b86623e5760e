"""A consumer that is of no use any more is noticed, so that it can be replaced."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition

import coordinator.kafka.consumer
from contracts.topics import Topics
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.consumer import Consumption
from coordinator.kafka.dead_letters import DeadLetters
from coordinator.kafka.replies import Replies
from coordinator.kafka.sender import RecordSender
from coordinator.runtime.intake import Intake
from coordinator.runtime.limits import Limits
from tests.unit.runtime.until import until_soon

PARTITION = TopicPartition("replies", 0)


class SilentGroup:
    """A consumer whose group does not answer, until it does."""

    def __init__(self, **_: Any) -> None:
        self._client = type("Client", (), {"_metadata_update": None})()
        self.answers = asyncio.Event()

    async def start(self) -> None: ...

    def subscribe(self, *_: Any, **__: Any) -> None: ...

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {0}

    def assignment(self) -> set[TopicPartition]:
        return {PARTITION}

    async def getmany(self, **_: Any) -> dict[Any, Any]:
        await asyncio.Event().wait()
        return {}

    async def committed(self, partition: TopicPartition) -> None:
        await self.answers.wait()


async def test_a_group_that_does_not_answer_is_noticed_without_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that has lost its group gets no replies, so it never has anything to commit."""
    made: list[SilentGroup] = []

    def make(**settings: Any) -> SilentGroup:
        made.append(SilentGroup(**settings))
        return made[0]

    monkeypatch.setattr(coordinator.kafka.consumer, "AIOKafkaConsumer", make)
    for name, seconds in (("_ASK_S", 0.01), ("_COMMIT_S", 0.01), ("_FAILING_S", 0.05)):
        monkeypatch.setattr(coordinator.kafka.consumer, name, seconds)
    settings = KafkaSettings("127.0.0.1:1", commit_every_ms=5)
    consumption = Consumption(
        settings=settings,
        topic="replies",
        group="coordinators",
        taker=Replies(Intake(Limits()), DeadLetters(RecordSender(settings), Topics(), settings)),
        on_assigned=lambda partitions, count: None,
        on_missing_topic=lambda: None,
    )
    running = asyncio.create_task(consumption.run())
    await consumption.on_partitions_assigned([PARTITION])
    await until_soon(lambda: consumption.stuck)
    made[0].answers.set()
    await until_soon(lambda: not consumption.stuck)
    running.cancel()
    await asyncio.wait([running])
