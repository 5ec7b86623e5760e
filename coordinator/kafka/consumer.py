"""Records from Kafka: polled, handed over, and their offsets committed once they are handled."""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from contracts.failpoints import failpoint
from contracts.unhurried import unhurried
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.offsets import PartitionOffsets

log = structlog.get_logger(__name__)

_POLL_MS = 1_000
_HANDLED_S = 1.0
"""How long a rebalance waits for what is in flight: what is not handled by then comes again elsewhere."""
_COMMIT_S = 3.0
_ASK_S = 5.0
"""After so long without a commit the group is asked for an offset, only to see whether it answers."""
_CLOSE_S = 5.0
_DOUBT_S = 1.0
"""How long a part of the partitions that seems wrong is accepted."""
_REJOIN_S = 60.0
"""A consumer that has lost its partitions and was given none for so long is made anew."""
_FAILING_S = 20.0
"""So is one whose commits have failed for so long."""


class Taker(Protocol):
    """What becomes of a topic's records."""

    @property
    def full(self) -> bool:
        """Whether no more should be handed over for now."""
        ...

    def take(self, record: Any, offsets: PartitionOffsets) -> None:
        """Hands the record over; ``offsets`` is told when it is handled. Never raises, whatever the record holds."""
        ...


class Consumption(ConsumerRebalanceListener):
    """One consumer of aiokafka, from its start to its end. Whoever runs it makes another when it ends."""

    def __init__(
        self,
        *,
        settings: KafkaSettings,
        topic: str,
        group: str,
        taker: Taker,
        on_assigned: Callable[[frozenset[int], int], None],
        on_missing_topic: Callable[[], None],
    ) -> None:
        """``on_assigned`` is told the partitions that are this consumer's, and of how many."""
        self._settings, self._topic, self._group = settings, topic, group
        self._taker, self._on_assigned, self._on_missing_topic = taker, on_assigned, on_missing_topic
        self._offsets: dict[TopicPartition, PartitionOffsets] = {}
        self._stopping = self._closed = False
        self._paused = False
        self._revoked_at: float | None = time.monotonic()
        self._failing_since: float | None = None
        """When the first of the commits failed that have failed in a row."""
        self._heard_at = time.monotonic()
        """When the group last answered, or was last asked."""
        self._count = 0
        """Partitions of the topic when the group divided them."""
        self._asked = 0
        self._ask_at = 0.0
        self._join_again = settings.instance is not None
        """A member with a name has its old part back after a restart, and nothing is divided anew. If it led the group
        before, it does not know that it still does, so nobody would see partitions that were added meanwhile. Hence it
        joins a second time: from its leader the group takes that as a wish to divide them anew."""
        self._consumer = AIOKafkaConsumer(
            **settings.client(),
            group_id=group,
            group_instance_id=settings.instance,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=min(1_000, settings.session_timeout_ms // 4),
            rebalance_timeout_ms=max(10_000, settings.session_timeout_ms),
            fetch_max_wait_ms=500,
        )
        unhurried(self._consumer)

    @property
    def assigned(self) -> bool:
        """Whether the group has told this consumer its part."""
        return self._revoked_at is None

    @property
    def stuck(self) -> bool:
        """Whether the group has not told it its part, or taken a commit, for too long: aiokafka's calls of the group's
        coordinator may wait for ever once a broker has died."""
        now = time.monotonic()
        joining_since, failing_since = self._revoked_at, self._failing_since
        return (joining_since is not None and now - joining_since > _REJOIN_S) or (
            failing_since is not None and now - failing_since > _FAILING_S
        )

    async def run(self) -> None:
        """Connects, joins the group and polls until it is cancelled. Raises KafkaError, OSError, TimeoutError."""
        async with asyncio.timeout(self._settings.connect_timeout_ms / 1e3):
            await self._consumer.start()
        self._consumer.subscribe([self._topic], listener=self)
        committing = asyncio.get_running_loop().create_task(self._commit_now_and_then())
        try:
            while True:
                records: dict[Any, list[Any]] = await self._consumer.getmany(
                    timeout_ms=_POLL_MS, max_records=self._settings.poll_records
                )
                if records:
                    self._take(records)
                self._make_way()
        finally:
            committing.cancel()
            await asyncio.wait([committing])

    def _take(self, records: "dict[Any, list[Any]]") -> None:
        for partition, batch in records.items():
            offsets = self._offsets.get(partition)
            if offsets is None or self._stopping:
                continue
            for record in batch:
                self._taker.take(record, offsets)

    def _make_way(self) -> None:
        """Pauses when too much waits; ``room`` resumes."""
        if not self._paused and (self._taker.full or self._stopping):
            self._paused = True
            self._consumer.pause(*self._consumer.assignment())
        elif self._paused:
            self.room()

    def room(self) -> None:
        """There may be room again."""
        if self._paused and not (self._taker.full or self._stopping):
            self._paused = False
            self._consumer.resume(*self._consumer.paused())

    def look(self) -> None:
        """Asks the group to divide the partitions anew when they are not those that it divided.

        A member with a name is given its old part when it joins again, even if that was nothing because the topic was
        away, and then nobody in its group looks at the topic any more. Having no part may be right, too, so that is
        doubted less and less often.
        """
        count = len(self._consumer.partitions_for_topic(self._topic) or ())
        if not self.assigned or self._stopping or not count:
            return
        now = time.monotonic()
        if self._offsets and count == self._count:
            self._asked, self._ask_at = 0, now + _DOUBT_S
        elif now > self._ask_at:
            self._asked += 1
            self._ask_at = now + min(_DOUBT_S * 5**self._asked, 3_600)
            mine = len(self._offsets)
            log.warning("partitions_doubted", topic=self._topic, partitions=mine, of=count, before=self._count)
            self._divide_anew()

    def _divide_anew(self) -> None:
        self._revoked_at = time.monotonic()
        self._consumer.subscribe([self._topic], listener=self)

    def pause(self) -> None:
        """Takes nothing more, but stays in the group."""
        self._stopping = True
        self._make_way()

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride] (it may be async)
        self, revoked: Collection[TopicPartition]
    ) -> None:
        """A rebalance begins: what is handled is committed. Warm sagas stay until it is known whose they are."""
        self._revoked_at = time.monotonic()
        if self._offsets:
            await self._handled()
            await self._commit()
            failpoint("partitions_revoked")
        self._offsets.clear()

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, assigned: Collection[TopicPartition]
    ) -> None:
        """A rebalance is over."""
        if self._join_again:
            self._join_again = False
            # Soon, not now: aiokafka's fetcher must have seen this part before it is taken away (it asserts that).
            asyncio.get_running_loop().call_soon(self._divide_anew)
            return
        self._offsets = {partition: PartitionOffsets() for partition in assigned}
        self._revoked_at = None
        self._paused = False
        self._make_way()
        found = self._consumer.partitions_for_topic(self._topic) or set()
        self._count = len(found)
        self._ask_at = max(self._ask_at, time.monotonic() + _DOUBT_S)
        own = frozenset(partition.partition for partition in assigned)
        self._on_assigned(own, max(len(found), max(own, default=0) + 1))
        log.info("partitions_assigned", topic=self._topic, partitions=sorted(own), of=len(found))

    async def _handled(self) -> None:
        """Returns when all that was handed over is handled, or after a moment."""
        try:
            async with asyncio.timeout(_HANDLED_S):
                for offsets in self._offsets.values():
                    await offsets.handled()
        except TimeoutError:
            waiting = sum(offsets.waiting for offsets in self._offsets.values())
            log.info("rebalance_not_waiting", topic=self._topic, waiting=waiting)

    async def _commit_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._settings.commit_every_ms / 1e3)
            if self.assigned:
                await self._commit()

    async def _commit(self) -> None:
        """Commits what is handled. A failure is no harm: what is committed too late comes again, and is known then.

        When there is nothing to commit for a while, the group is asked for an offset instead: a consumer that gets no
        answer gets no records either, and would never have anything to commit.
        """
        mine = self._consumer.assignment()
        due = {
            partition: (offsets, offset)
            for partition, offsets in self._offsets.items()
            if partition in mine and (offset := offsets.to_commit()) is not None
        }
        now = time.monotonic()
        if not due and (not mine or now - self._heard_at < _ASK_S):
            return
        self._heard_at = now
        try:
            async with asyncio.timeout(_COMMIT_S):
                if due:
                    await self._consumer.commit({partition: offset for partition, (_, offset) in due.items()})
                else:
                    await self._consumer.committed(next(iter(mine)))
        except Exception as error:
            # After a rebalance, or while the broker is away (aiokafka#929, #848): the next time will do. Whatever else
            # it may be, commits must not end.
            if isinstance(error, KafkaError | TimeoutError):
                self._on_missing_topic()
            if self._failing_since is None:
                self._failing_since = time.monotonic()
                log.warning("offsets_not_committed", topic=self._topic, error=repr(error))
            return
        self._failing_since = None
        for offsets, offset in due.values():
            offsets.committed(offset)
        if due:
            failpoint("offsets_committed")

    def forget(self) -> None:
        """The topic is another one by now: offsets of the old one must not be committed to it."""
        self._offsets.clear()

    async def close(self) -> None:
        """Commits what is handled, leaves the group, and closes; gives up after a few seconds."""
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(_CLOSE_S):
                if self.assigned:
                    await self._commit()
                if self._stopping:
                    self._leave_for_good()
                await self._consumer.stop()
        except (TimeoutError, KafkaError, OSError) as error:
            log.warning("consumer_close_failed", topic=self._topic, error=repr(error))
            await self._abandon()

    def _leave_for_good(self) -> None:
        """A member with a name does not tell the group that it goes: its partitions would belong to nobody until its
        session has timed out. That is meant for crashes; one that is stopped goes without its name."""
        member: Any = getattr(self._consumer, "_coordinator", None)
        if member is not None:
            member._group_instance_id = None

    async def _abandon(self) -> None:
        """What ``stop`` could not end: its connections at least."""
        client: Any = getattr(self._consumer, "_client", None)
        try:
            async with asyncio.timeout(_CLOSE_S):
                await client.close()
        except (TimeoutError, KafkaError, OSError):
            log.warning("consumer_abandoned", topic=self._topic)
