"""Offsets are committed away from the path of the commands, and go on being committed whatever comes in between."""

import asyncio
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

import participants.sdk.offsets
from participants.sdk.offsets import Offsets, Rebalances
from tests.unit.runtime.until import until_soon

FIRST, SECOND = TopicPartition("commands", 0), TopicPartition("commands", 1)


class SlowConsumer:
    """Takes its time over every commit."""

    def __init__(self) -> None:
        self.assigned = {FIRST, SECOND}
        self.commits: dict[TopicPartition, int] = {}
        self.asked = asyncio.Event()
        self.answered = asyncio.Event()

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.asked.set()
        await self.answered.wait()
        self.commits |= offsets

    async def committed(self, partition: TopicPartition) -> int | None:
        self.asked.set()
        await self.answered.wait()
        return self.commits.get(partition)


async def test_a_partition_that_is_done_during_a_commit_is_committed_next() -> None:
    """It was not part of the commit that was under way, so it is not forgotten with it."""
    consumer = SlowConsumer()
    offsets = Offsets(cast("AIOKafkaConsumer", consumer))
    offsets.done({FIRST: 1}, offsets.term)
    committing = asyncio.create_task(offsets.commit())
    await consumer.asked.wait()
    offsets.done({FIRST: 2, SECOND: 7}, offsets.term)
    consumer.answered.set()
    await committing
    assert consumer.commits == {FIRST: 1}
    await offsets.commit()
    assert consumer.commits == {FIRST: 2, SECOND: 7}


async def test_commits_that_fail_for_long_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The consumer is of no use any more then; one commit that succeeds, and it is."""
    monkeypatch.setattr(participants.sdk.offsets, "COMMIT_LIMIT_S", 0.01)
    monkeypatch.setattr(participants.sdk.offsets, "STUCK_S", 0.0)
    consumer = SlowConsumer()
    offsets = Offsets(cast("AIOKafkaConsumer", consumer))
    offsets.done({FIRST: 1}, offsets.term)
    assert not offsets.stuck
    await offsets.commit()
    assert offsets.stuck
    consumer.answered.set()
    await offsets.commit()
    assert not offsets.stuck
    assert consumer.commits == {FIRST: 1}


async def test_a_group_that_does_not_answer_is_noticed_without_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that has lost its group gets no commands, so it has nothing to commit."""
    monkeypatch.setattr(participants.sdk.offsets, "ASK_S", 0.01)
    monkeypatch.setattr(participants.sdk.offsets, "COMMIT_LIMIT_S", 0.01)
    monkeypatch.setattr(participants.sdk.offsets, "STUCK_S", 0.0)
    consumer = SlowConsumer()
    offsets = Offsets(cast("AIOKafkaConsumer", consumer))
    keeping = asyncio.create_task(offsets.keep_committing())
    await until_soon(lambda: offsets.stuck)
    consumer.answered.set()
    await until_soon(lambda: not offsets.stuck)
    keeping.cancel()


async def test_what_was_read_before_a_rebalance_is_not_committed_after_it() -> None:
    """Its topic may have been made anew: the old offset would pass over commands that nobody has answered."""
    consumer = SlowConsumer()
    consumer.answered.set()
    aiokafka_consumer = cast("AIOKafkaConsumer", consumer)
    offsets = Offsets(aiokafka_consumer)
    before = offsets.term
    offsets.done({FIRST: 1}, before)
    await Rebalances(aiokafka_consumer, offsets, asyncio.Event(), named=False).on_partitions_revoked([FIRST, SECOND])
    assert consumer.commits == {FIRST: 1}
    offsets.done({FIRST: 5, SECOND: 4}, before)
    offsets.done({SECOND: 2}, offsets.term)
    await offsets.commit()
    assert consumer.commits == {FIRST: 1, SECOND: 2}


async def test_what_could_not_be_committed_before_a_rebalance_is_read_again() -> None:
    """Nobody knows what the partition holds by then."""
    consumer = SlowConsumer()
    offsets = Offsets(cast("AIOKafkaConsumer", consumer))
    offsets.done({FIRST: 9}, offsets.term)
    offsets.begin_term()
    consumer.answered.set()
    await offsets.commit()
    assert consumer.commits == {}


async def test_a_commit_that_outlasts_a_rebalance_forgets_nothing_of_what_was_done_after_it() -> None:
    """Neither of a partition that has come since, nor of one that was read again up to the same place."""
    consumer = SlowConsumer()
    consumer.assigned = {FIRST}
    offsets = Offsets(cast("AIOKafkaConsumer", consumer))
    offsets.done({FIRST: 1}, offsets.term)
    committing = asyncio.create_task(offsets.commit())
    await consumer.asked.wait()
    offsets.begin_term()
    consumer.assigned = {FIRST, SECOND}
    offsets.done({FIRST: 1, SECOND: 7}, offsets.term)
    consumer.answered.set()
    await committing
    consumer.commits.clear()
    await offsets.commit()
    assert consumer.commits == {FIRST: 1, SECOND: 7}


async def test_it_can_be_ended_at_the_moment_it_has_something_to_commit() -> None:
    """A consumer that ends does both in one go: the last command is done, and no more is committed by itself."""
    consumer = SlowConsumer()
    consumer.answered.set()
    offsets = Offsets(cast("AIOKafkaConsumer", consumer))
    keeping = asyncio.create_task(offsets.keep_committing())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    offsets.done({FIRST: 1}, offsets.term)
    await asyncio.sleep(0)
    keeping.cancel()
    ended, _ = await asyncio.wait([keeping], timeout=10)
    assert ended, "it commits for ever, and whoever waits for its end waits for ever"
    assert keeping.cancelled()
