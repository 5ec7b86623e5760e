"""Clients of Kafka do not run hot while nobody answers."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.unhurried import unhurried


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


async def test_metadata_is_asked_for_a_few_times_a_second() -> None:
    """A few times at once, as a start needs it, then slowly, however often somebody wants to know."""
    owner = Owner()
    unhurried(owner)
    clock = asyncio.get_running_loop().time
    begun = clock()
    while clock() < begun + 0.5:
        await owner.client._metadata_update(None, None)
    assert 5 <= owner.client.asked <= 8


async def test_an_error_is_no_answer() -> None:
    """It would end what asks for metadata, and everything else would wait for that for ever."""
    owner = Owner()

    async def fails(cluster: Any, topics: Any) -> bool:
        raise ZeroDivisionError

    owner.client._metadata_update = fails
    unhurried(owner)
    assert await owner.client._metadata_update(None, None) is False


async def test_the_clients_of_aiokafka_have_what_is_slowed_down() -> None:
    """It is a private method of theirs: a release without it is noticed here."""
    consumer, producer = AIOKafkaConsumer(), AIOKafkaProducer()
    for owner, client in ((consumer, getattr(consumer, "_client", None)), (producer, producer.client)):
        before = getattr(client, "_metadata_update", None)
        unhurried(owner)
        assert callable(before)
        assert getattr(client, "_metadata_update", None) is not before
    await consumer.stop()
    await producer.stop()
