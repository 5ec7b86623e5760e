"""A producer that is thrown away and made anew whenever it is in doubt."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from contracts.unhurried import unhurried
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.records import MAX_BATCH_BYTES, Lane, Sendable, lanes, pack
from coordinator.runtime.ports import PublisherUnavailable

log = structlog.get_logger(__name__)

_METADATA_S = 2.0
_CLOSE_S = 2.0
_STALLED_S = 1.0
"""A partition that has not acknowledged for so long is given nothing more meanwhile."""
_AT_ONCE_S = 1e-6
"""Less than a clock can tell apart: to wait for so long may be to wait for no time at all, again and again."""


class Place(NamedTuple):
    """A partition, as this producer has it: what one that was thrown away still holds keeps no other back."""

    producer: AIOKafkaProducer
    topic: str
    partition: int


class Handed(NamedTuple):
    """A batch that the producer has, and of the lane the places that are in it."""

    lane: Lane
    packed: Sequence[int]


class Shipment:
    """What one call is to send, and what came of it."""

    def __init__(self, records: Sequence[Sendable]) -> None:
        self.records = records
        self.acknowledged = [False] * len(records)
        self.failed = False
        """A partition did not take its records."""

    def arrived(self, places: Sequence[int]) -> None:
        """These records are acknowledged."""
        for place in places:
            self.acknowledged[place] = True


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
        self._busy: dict[Place, tuple[asyncio.Future[Any], float]] = {}
        """The last batch of each partition that is not acknowledged yet, and since when."""
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    async def send(self, records: Sequence[Sendable], of: int | None = None) -> list[bool]:
        """Says of each record whether it was acknowledged. For ``of`` see ``lanes``.

        In one partition no record is acknowledged behind one that was not. Records for a partition that has not
        answered for a while, or for a topic that does not exist, are not tried. Raises PublisherUnavailable when there
        was no acknowledgement at all.
        """
        topics = {record.topic for record in records}
        producer, partitions = self._producer, _known(self._producer, topics)
        if producer is None or len(partitions) < len(topics):
            try:
                async with asyncio.timeout(self._settings.publish_timeout_ms / 1e3):
                    producer = await self._ready()
                    partitions = await self._partitions(producer, topics)
            except (TimeoutError, KafkaError, OSError) as error:
                raise PublisherUnavailable(f"Kafka does not answer: {error!r}.") from error
        shipment = Shipment(records)
        found = lanes(records, partitions, of)
        later = [lane for lane in found if Place(producer, lane.topic, lane.partition) in self._busy]
        at_once = [lane for lane in found if lane not in later] if later else found
        if later:
            # A task for each: these have to wait, and must not keep the others back.
            waiting = [self._send_when_free(producer, lane, shipment) for lane in later]
            await asyncio.gather(self._send_lanes(producer, at_once, shipment), *waiting)
        else:
            await self._send_lanes(producer, at_once, shipment)
        if shipment.failed and not any(shipment.acknowledged):
            raise PublisherUnavailable("Kafka acknowledged nothing in time.")
        return shipment.acknowledged

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
        known = _known(producer, topics)
        for topic in sorted(topics - known.keys()):
            try:
                async with asyncio.timeout(_METADATA_S):
                    known[topic] = sorted(await producer.partitions_for(topic))
            except (TimeoutError, KafkaError):
                log.warning("topic_missing", topic=topic)
                self._on_missing_topic()
        return known

    async def _send_when_free(self, producer: AIOKafkaProducer, lane: Lane, shipment: Shipment) -> None:
        """Waits until the partition's last batch is acknowledged; when that takes too long, the lane is not tried.

        Where whoever sent that batch waits no more, nobody else would notice that it never is.
        """
        while (busy := self._busy.get(Place(producer, lane.topic, lane.partition))) is not None:
            since_s = asyncio.get_running_loop().time() - busy[1]
            if since_s > self._settings.publish_timeout_ms / 1e3:
                self._failed(producer, lane, shipment, TimeoutError())
            left_s = _STALLED_S - since_s
            if left_s <= _AT_ONCE_S:
                return
            await asyncio.wait([busy[0]], timeout=left_s)
        await self._send_lanes(producer, [lane], shipment)

    async def _send_lanes(self, producer: AIOKafkaProducer, found: Sequence[Lane], shipment: Shipment) -> None:
        """One batch of each lane after another, each as soon as the one before it is acknowledged.

        The first batches are handed over in one go, so that one request carries them all.
        """
        until = asyncio.get_running_loop().time() + self._settings.publish_timeout_ms / 1e3
        under_way: dict[asyncio.Future[Any], Handed] = {}
        try:
            async with asyncio.timeout_at(until):
                for lane in found:
                    await self._hand_over(producer, lane, shipment, under_way)
                told = False
                while under_way:
                    patience = None if told else _STALLED_S
                    done, _ = await asyncio.wait(under_way, timeout=patience, return_when=asyncio.FIRST_EXCEPTION)
                    if not done:
                        told = True
                        self._on_missing_topic()
                    for outcome in done:
                        handed = under_way.pop(outcome)
                        error = asyncio.CancelledError() if outcome.cancelled() else outcome.exception()
                        if error is not None:
                            self._failed(producer, handed.lane, shipment, error)
                            continue
                        shipment.arrived(handed.packed)
                        if rest := handed.lane.places[len(handed.packed) :]:
                            await self._hand_over(producer, handed.lane._replace(places=rest), shipment, under_way)
        except TimeoutError as error:
            for lane in [handed.lane for handed in under_way.values()] or found:
                self._failed(producer, lane, shipment, error)

    async def _hand_over(
        self,
        producer: AIOKafkaProducer,
        lane: Lane,
        shipment: Shipment,
        under_way: "dict[asyncio.Future[Any], Handed]",
    ) -> None:
        """Gives the lane's first batch to the producer."""
        if self._producer is not producer:
            self._failed(producer, lane, shipment, ProducerClosed())
            return
        batch = producer.create_batch()
        packed = pack(batch, shipment.records, lane.places)
        place = Place(producer, lane.topic, lane.partition)
        try:
            outcome: asyncio.Future[Any] = await producer.send_batch(batch, lane.topic, partition=lane.partition)
        except (KafkaError, OSError, AssertionError, TypeError) as error:
            # The last two are what aiokafka raises for a partition that is gone.
            self._failed(producer, lane, shipment, error)
            return
        self._busy[place] = (outcome, asyncio.get_running_loop().time())
        outcome.add_done_callback(partial(self._settled, place))
        under_way[outcome] = Handed(lane, packed)

    def _settled(self, place: Place, outcome: "asyncio.Future[Any]") -> None:
        if (busy := self._busy.get(place)) is not None and busy[0] is outcome:
            del self._busy[place]
        # Nobody may be waiting any more: asyncio would complain about an error that nobody has seen.
        if not outcome.cancelled():
            outcome.exception()

    def _failed(self, producer: AIOKafkaProducer, lane: Lane, shipment: Shipment, error: BaseException) -> None:
        shipment.failed = True
        log.warning("publish_failed", topic=lane.topic, partition=lane.partition, error=repr(error))
        self._on_missing_topic()
        if self._producer is producer:
            self.renew()


def _known(producer: AIOKafkaProducer | None, topics: set[str]) -> dict[str, Sequence[int]]:
    """The partitions of the topics that the producer knows of."""
    if producer is None:
        return {}
    found = {topic: producer.client.cluster.partitions_for_topic(topic) for topic in topics}
    return {topic: sorted(partitions) for topic, partitions in found.items() if partitions is not None}


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
