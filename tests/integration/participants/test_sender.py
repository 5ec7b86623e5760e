"""Records are sent until they are acknowledged, whatever becomes of the producer."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import TopicPartition

from contracts.answers import Success
from contracts.values import NULL
from participants.sdk.records import Outgoing, Records, now_ms
from participants.sdk.sender import Sender
from tests.integration.participants.coordinator_side import CoordinatorSide, coordinator_side
from tests.unit.participants.shop import forward


@pytest.fixture
async def side(bootstrap: str, topic_prefix: str) -> AsyncIterator[CoordinatorSide]:
    """The coordinator's side, with its topics made."""
    async with coordinator_side(bootstrap, topic_prefix, "shop") as side:
        await side.make_topics()
        yield side


@pytest.fixture
async def sender(bootstrap: str) -> AsyncIterator[Sender]:
    """One that is connected."""
    sender = Sender(bootstrap)
    await sender.start()
    yield sender
    await sender.stop()


def replies(side: CoordinatorSide, steps: range) -> list[Outgoing]:
    """Replies to one saga."""
    records = Records("shop", side.topics.dead_letters)
    made = [records.reply(forward(step), Success(NULL), None, now_ms()) for step in steps]
    return [reply._replace(topic=side.topics.replies) for reply in made]


def inside(sender: Sender) -> Any:
    """Its producer."""
    return vars(sender)["_producer"]


async def test_the_replies_to_one_saga_stay_in_order(side: CoordinatorSide, sender: Sender) -> None:
    """They share a partition: the one that any producer would choose for their key."""
    await sender.send(replies(side, range(1, 101)))
    assert [reply.command_id for reply in await side.replies(100)] == [f"order:7:{step}" for step in range(1, 101)]


async def test_replies_go_to_the_partition_that_was_asked_for(side: CoordinatorSide, sender: Sender) -> None:
    """Where the topic has it: one that does not exist is as if none was named."""
    given = replies(side, range(1, 7))
    asked = [0, 1, 2, 3, None, 99]
    await sender.send([reply._replace(partition=one) for reply, one in zip(given, asked, strict=True)])
    await side.replies(6)
    by_key = side.partitions["order:7:5"]
    assert side.partitions == {f"order:7:{step}": one for step, one in enumerate([0, 1, 2, 3, by_key, by_key], start=1)}


async def test_a_clock_that_is_a_day_ahead(
    side: CoordinatorSide, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker takes the replies: it would refuse records with such a time, as often as they are sent."""
    real_s, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real_s() + 24 * 3_600)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + 24 * 3_600 * 10**9)
    async with asyncio.timeout(10):
        await sender.send(replies(side, range(1, 3)))
    await side.replies(2)


async def test_a_gap_in_the_sequence_is_healed_by_a_new_producer(side: CoordinatorSide, sender: Sender) -> None:
    """Kafka refuses all that a producer sends after a gap (aiokafka#1017): only another one can send it."""
    await sender.send(replies(side, range(1, 2)))
    before = inside(sender)
    for partition in range(4):
        before._txn_manager.increment_sequence_number(TopicPartition(side.topics.replies, partition), 7)
    await asyncio.gather(sender.send(replies(side, range(2, 4))), sender.send(replies(side, range(4, 6))))
    assert inside(sender) is not before
    await side.replies_to([forward(step) for step in range(1, 6)])


async def test_a_producer_that_died_is_replaced(side: CoordinatorSide, sender: Sender) -> None:
    """Its connections are gone for good."""
    await sender.send(replies(side, range(1, 2)))
    before = inside(sender)
    await before.stop()
    await sender.send(replies(side, range(2, 3)))
    assert inside(sender) is not before
    await side.replies_to([forward(1), forward(2)])
