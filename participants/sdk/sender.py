"""Sends records to Kafka until they are acknowledged."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from contracts.failpoints import failpoint
from contracts.timeless import NO_TIMESTAMP
from contracts.unhurried import unhurried
from participants.sdk.backoff import pause_s
from participants.sdk.records import Outgoing

log = logging.getLogger(__name__)

SEND_LIMIT_S = 15.0
"""After so many seconds without an acknowledgement the producer is replaced and what is missing is sent again."""
CONNECT_LIMIT_S = 15.0
STOP_LIMIT_S = 5.0
MAX_BATCH_BYTES = 256 * 1024
"""Of one record batch. A record that is larger goes alone."""
_BACKOFF_S = (0.1, 5.0)

_partition_of: Any = DefaultPartitioner()
_ERRORS = (KafkaError, OSError, TimeoutError)


class _Batch:
    """Records of one partition, and the acknowledgement they wait for."""

    __slots__ = ("acknowledged", "builder", "partition", "records", "topic")

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.builder: Any = producer.create_batch()
        self.records: list[Outgoing] = []
        self.acknowledged: asyncio.Future[Any] | None = None

    def add(self, record: Outgoing) -> bool:
        """Whether there was room for it."""
        taken = self.builder.append(timestamp=NO_TIMESTAMP, key=record.key, value=record.value, headers=record.headers)
        if taken is None:
            return False
        self.records.append(record)
        return True

    def lost(self) -> list[Outgoing]:
        """What cannot be counted as sent."""
        future = self.acknowledged
        if future is not None and future.done() and not future.cancelled() and future.exception() is None:
            return []
        if future is not None:
            future.cancel()
        return self.records


class Sender:
    """One producer, replaced by a new one whenever it does not deliver."""

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._queueing = asyncio.Lock()
        self._replacing = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connects; while Kafka cannot be reached it is tried again, without end."""
        async with self._replacing:
            await self._connect()

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Returns when all are acknowledged by all replicas. Those that may have been lost are sent again."""
        tries = 0
        rest = list(records)
        while rest:
            producer = self._producer
            if producer is None:
                await self.start()
                continue
            rest, error = await self._send(producer, rest)
            if rest:
                tries += 1
                log.warning("%d records were not acknowledged and are sent again: %r", len(rest), error)
                await self._replace(producer)
                await asyncio.sleep(pause_s(_BACKOFF_S, tries))

    async def stop(self) -> None:
        """Closes the producer, and waits a little for those it replaced."""
        if (producer := self._producer) is not None:
            self._producer = None
            await _close(producer)
        if self._closing:
            await asyncio.wait(self._closing, timeout=STOP_LIMIT_S)

    async def _send(
        self, producer: AIOKafkaProducer, records: Sequence[Outgoing]
    ) -> tuple[list[Outgoing], Exception | None]:
        """Sends them in one batch for each partition, waits once, and returns those that were not acknowledged."""
        batches: list[_Batch] = []
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                # In turn, so that what was handed over first is in its partition first.
                async with self._queueing:
                    batches = await _arrange(producer, records)
                    for batch in batches:
                        batch.acknowledged = await producer.send_batch(
                            batch.builder, batch.topic, partition=batch.partition
                        )
                failpoint("reply_queued")
                await asyncio.gather(*[batch.acknowledged for batch in batches if batch.acknowledged is not None])
        except Exception as error:
            # Whatever it is, a new producer is the answer, and more patience.
            return [record for batch in batches for record in batch.lost()] if batches else list(records), error
        return [], None

    async def _replace(self, failed: AIOKafkaProducer) -> None:
        async with self._replacing:
            if self._producer is failed:
                self._producer = None
                closing = asyncio.create_task(_close(failed))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
            await self._connect()

    async def _connect(self) -> None:
        tries = 0
        while self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._kafka,
                acks="all",
                enable_idempotence=True,
                max_batch_size=MAX_BATCH_BYTES,
                request_timeout_ms=round(SEND_LIMIT_S * 1_000),
                metadata_max_age_ms=30_000,
            )
            unhurried(producer)
            try:
                async with asyncio.timeout(CONNECT_LIMIT_S):
                    await producer.start()
                self._producer = producer
            except _ERRORS as error:
                tries += 1
                log.warning("Kafka at %s cannot be reached and is tried again: %r", self._kafka, error)
                await _close(producer)
                await asyncio.sleep(pause_s(_BACKOFF_S, tries))
            except BaseException:
                await _close(producer)
                raise


async def _arrange(producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> list[_Batch]:
    partitions: dict[str, list[int]] = {}
    open_batches: dict[tuple[str, int], _Batch] = {}
    batches: list[_Batch] = []
    for record in records:
        topic = record.topic
        if topic not in partitions:
            partitions[topic] = sorted(await producer.partitions_for(topic))
        # Where it was asked for; else by the key, as every producer does it by default.
        partition = record.partition
        if partition is None or partition not in partitions[topic]:
            partition = int(_partition_of(record.key, partitions[topic], partitions[topic]))
        batch = open_batches.get((topic, partition))
        if batch is None or not batch.add(record):
            batch = open_batches[topic, partition] = _Batch(producer, topic, partition)
            batches.append(batch)
            batch.add(record)
    return batches


async def _close(producer: AIOKafkaProducer) -> None:
    """Stops the producer, by force when it does not stop in time (it would wait for an absent broker for ever)."""
    try:
        async with asyncio.timeout(STOP_LIMIT_S):
            await producer.stop()
    except _ERRORS as error:
        log.warning("A producer did not stop by itself: %r", error)
        sender: Any = vars(producer)["_sender"]
        if sender.sender_task is not None:
            sender.sender_task.cancel()
        await producer.client.close()
