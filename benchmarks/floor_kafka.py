"""The floors' ends of Kafka: topics of one partition each, aiokafka as it comes."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


async def make_topics(bootstrap: str, names: Iterable[str]) -> None:
    """Of one partition and one replica each."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1) for name in names])
    finally:
        await admin.close()


@asynccontextmanager
async def reading(bootstrap: str, topic: str) -> AsyncGenerator[AIOKafkaConsumer]:
    """From the end of the topic on."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, fetch_max_wait_ms=500)
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_end(partition)
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def writing(bootstrap: str, **further: Any) -> AsyncGenerator[AIOKafkaProducer]:
    """As durable as the product writes, without linger; ``further`` settings are aiokafka's."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=0, **further)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
