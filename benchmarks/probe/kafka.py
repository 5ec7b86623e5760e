"""The probe's ends of Kafka: as durable as the product's, batches by hand, a partition a topic."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.probe.messages import Headers

_BATCH_BYTES = 1 << 20
_READ = 2_000

Message = tuple[str, Headers, bytes]
"""Key, headers, value."""


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
async def writing(bootstrap: str) -> AsyncGenerator[AIOKafkaProducer]:
    """Acknowledged by all replicas, idempotent, without linger."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
        max_request_size=2 * _BATCH_BYTES,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def taken(consumer: AIOKafkaConsumer) -> Sequence[Any]:
    """All records that there are, one at least."""
    while True:
        found: Mapping[TopicPartition, list[Any]] = await consumer.getmany(timeout_ms=1_000, max_records=_READ)
        for records in found.values():
            return records


async def sent(producer: AIOKafkaProducer, by_topic: Mapping[str, Sequence[Message]]) -> None:
    """Returns when all are acknowledged."""
    under_way: list[asyncio.Future[Any]] = []
    for topic, messages in by_topic.items():
        batch = producer.create_batch()
        for key, headers, value in messages:
            record: dict[str, Any] = {"key": key.encode(), "value": value, "timestamp": None, "headers": list(headers)}
            if batch.append(**record) is None:
                under_way.append(await producer.send_batch(batch, topic, partition=0))
                batch = producer.create_batch()
                batch.append(**record)
        under_way.append(await producer.send_batch(batch, topic, partition=0))
    await asyncio.gather(*under_way)
