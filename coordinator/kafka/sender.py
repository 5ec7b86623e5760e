"""A producer that is thrown away and made anew whenever it is in doubt."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.unhurried import unhurried
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.records import MAX_BATCH_BYTES, Lane, Record, lanes, now_ms
from coordinator.runtime.ports import PublisherUnavailable

log = structlog.get_logger(__name__)

_METADATA_S = 2.0
_CLOSE_S = 2.0
_STALLED_S = 1.0
"""A partition that has not acknowledged for so long is given nothing more meanwhile."""


class RecordSender:
    """Sends records with acks=all and idempotence, as record batches, each call within its deadline.

    After a deadline or an error that a retry cannot mend (an out-of-order sequence after a flap, aiokafka#1017), the
    producer is closed and the next call makes another. What it had already handed over may still go out.
    """

    def __init__(self, settings: KafkaSettings, on_missing_topic: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._on_missing_topic = on_missing_topic
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._busy: dict[tuple[str, int], tuple[asyncio.Future[Any], float]] = {}
        """The last batch of each partition that is not acknowledged yet, and since when."""
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    async def send(self, records: Sequence[Record]) -> list[bool]:
        """Says of each record whether it was acknowledged.

        In one partition no record is acknowledged behind one that was not. Records for a partition that has not
        answered for a while, or for a topic that does not exist, are not tried. Raises PublisherUnavailable when there
        was no acknowledgement at all.
        """
        try:
            async with asyncio.timeout(self._settings.publish_timeout_ms / 1e3):
                producer = await self._ready()
                partitions = await self._partitions(producer, {record.topic for record in records})
        except (TimeoutError, KafkaError, OSError) as error:
            raise PublisherUnavailable(f"Kafka does not answer: {error!r}.") from error
        acknowledged = [False] * len(records)
        found = lanes(records, partitions)
        if len(found) == 1:
            failed = [await self._send_lane(producer, found[0], records, acknowledged)]
        else:
            failed = await asyncio.gather(*(self._send_lane(producer, lane, records, acknowledged) for lane in found))
        if any(failed) and not any(acknowledged):
            raise PublisherUnavailable("Kafka acknowledged nothing in time.")
        return acknowledged

    async def connect(self, topics: Sequence[str]) -> None:
        """Makes the producer and learns about these topics, so that the first records need not wait for that."""
        async with asyncio.timeout(self._settings.connect_timeout_ms / 1e3):
            await self._partitions(await self._ready(), set(topics))

    async def close(self) -> None:
        """Closes within a few seconds, whatever is still under way."""
        self._closed = True
        self.renew()
        if self._closing:
            await asyncio.wait(self._closing, timeout=_CLOSE_S * 2)

    def renew(self) -> None:
        """Throws the producer away; the next call makes another."""
        producer, self._producer = self._producer, None
        self._busy.clear()
        if producer is not None:
            closing = asyncio.get_running_loop().create_task(_discard(producer))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _ready(self) -> AIOKafkaProducer:
        if self._producer is not None:
            return self._producer
        async with self._starting:
            if self._closed:
                raise PublisherUnavailable("The coordinator is stopping.")
            if self._producer is not None:
                return self._producer
            producer = AIOKafkaProducer(
                **self._settings.client(),
                acks="all",
                enable_idempotence=True,
                max_batch_size=MAX_BATCH_BYTES,
                max_request_size=2 * MAX_BATCH_BYTES,
                linger_ms=0,
            )
            unhurried(producer)
            try:
                await producer.start()
            except BaseException:
                await _discard(producer)
                raise
            self._producer = producer
            return producer

    async def _partitions(self, producer: AIOKafkaProducer, topics: set[str]) -> dict[str, Sequence[int]]:
        """Of the topics that exist."""
        known: dict[str, Sequence[int]] = {}
        for topic in topics:
            found = producer.client.cluster.partitions_for_topic(topic)
            if found is None:
                try:
                    async with asyncio.timeout(_METADATA_S):
                        found = await producer.partitions_for(topic)
                except (TimeoutError, KafkaError):
                    log.warning("topic_missing", topic=topic)
                    self._on_missing_topic()
                    continue
            known[topic] = sorted(found)
        return known

    async def _send_lane(
        self, producer: AIOKafkaProducer, lane: Lane, records: Sequence[Record], acknowledged: list[bool]
    ) -> bool:
        """One batch after another; the first that fails is the last. True: it failed."""
        if not await self._free(lane):
            return False
        todo = iter(lane.places)
        place = next(todo, None)
        try:
            async with asyncio.timeout(self._settings.publish_timeout_ms / 1e3):
                while place is not None:
                    batch = producer.create_batch()
                    packed: list[int] = []
                    while place is not None and _append(batch, records[place]):
                        packed.append(place)
                        place = next(todo, None)
                    await self._send_batch(producer, batch, lane)
                    for each in packed:
                        acknowledged[each] = True
        except (TimeoutError, KafkaError, OSError, AssertionError, TypeError) as error:
            # The last two are what aiokafka raises for a partition that is gone.
            log.warning("publish_failed", topic=lane.topic, partition=lane.partition, error=repr(error))
            self._on_missing_topic()
            if self._producer is producer:
                self.renew()
            return True
        return False

    async def _free(self, lane: Lane) -> bool:
        """Waits until the partition's last batch is acknowledged; False when that takes too long."""
        while (busy := self._busy.get((lane.topic, lane.partition))) is not None:
            left_s = busy[1] + _STALLED_S - asyncio.get_running_loop().time()
            if left_s <= 0:
                return False
            await asyncio.wait([busy[0]], timeout=left_s)
        return True

    async def _send_batch(self, producer: AIOKafkaProducer, batch: Any, lane: Lane) -> None:
        key = (lane.topic, lane.partition)
        outcome: asyncio.Future[Any] = await producer.send_batch(batch, lane.topic, partition=lane.partition)
        self._busy[key] = (outcome, asyncio.get_running_loop().time())
        outcome.add_done_callback(_read)
        try:
            await asyncio.wait([outcome], timeout=_STALLED_S)
            if not outcome.done():
                self._on_missing_topic()
            await outcome
        finally:
            if (busy := self._busy.get(key)) is not None and busy[0] is outcome:
                del self._busy[key]


def _append(batch: Any, record: Record) -> bool:
    key = record.key.encode() if isinstance(record.key, str) else record.key
    headers = list(record.headers)
    return batch.append(timestamp=now_ms(), key=key, value=record.value, headers=headers) is not None


def _read(outcome: "asyncio.Future[Any]") -> None:
    """Nobody may be waiting any more: asyncio would complain about an error that nobody has seen."""
    if not outcome.cancelled():
        outcome.exception()


async def _discard(producer: AIOKafkaProducer) -> None:
    """Ends a producer that may hang: ``stop`` waits for ever for what the broker does not acknowledge."""
    sending: asyncio.Task[None] | None = getattr(getattr(producer, "_sender", None), "sender_task", None)
    try:
        async with asyncio.timeout(_CLOSE_S):
            await producer.stop()
    except (TimeoutError, KafkaError, OSError, asyncio.CancelledError):
        if sending is not None:
            sending.cancel()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await producer.client.close()
        except (TimeoutError, KafkaError, OSError):
            log.warning("producer_close_failed")
