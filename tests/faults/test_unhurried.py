"""Clients of Kafka do not run hot while nobody answers."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

import coordinator.kafka.metadata
import participants.sdk.metadata


class Nobody:
    """An aiokafka client whose broker is away."""

    def __init__(self) -> None:
        self.asked = 0

    async def _metadata_update(self, cluster: Any, topics: Any) -> bool:
        self.asked += 1
        await asyncio.sleep(0)
        return False


class Owner:
    """What has the client."""

    def __init__(self) -> None:
        self.client: Any = Nobody()


@pytest.mark.parametrize("unhurried", [coordinator.kafka.metadata.unhurried, participants.sdk.metadata.unhurried])
async def test_metadata_is_asked_for_a_few_times_a_second(unhurried: Callable[[Any], None]) -> None:
    """A few times at once, as a start needs it, then slowly, however often somebody wants to know."""
    owner = Owner()
    unhurried(owner)
    clock = asyncio.get_running_loop().time
    begun = clock()
    while clock() < begun + 0.5:
        await owner.client._metadata_update(None, None)
    assert 6 <= owner.client.asked <= 8


@pytest.mark.parametrize("unhurried", [coordinator.kafka.metadata.unhurried, participants.sdk.metadata.unhurried])
async def test_the_clients_of_aiokafka_have_what_is_slowed_down(unhurried: Callable[[Any], None]) -> None:
    """It is a private method of theirs: a release without it is noticed here."""
    consumer, producer = AIOKafkaConsumer(), AIOKafkaProducer()
    for owner, client in ((consumer, getattr(consumer, "_client", None)), (producer, producer.client)):
        before = getattr(client, "_metadata_update", None)
        unhurried(owner)
        assert callable(before)
        assert getattr(client, "_metadata_update", None) is not before
    await consumer.stop()
    await producer.stop()
