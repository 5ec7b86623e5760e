"""What the probe reads and sends: batches by hand, in topics of one partition each."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.probe.messages import Headers

_BATCH_BYTES = 1 << 20
_READ = 2_000
BATCHES = {"enable_idempotence": True, "max_batch_size": _BATCH_BYTES, "max_request_size": 2 * _BATCH_BYTES}
"""Settings of a producer that sends them, as the product's are."""

Message = tuple[str, Headers, bytes]
"""Key, headers, value."""


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
