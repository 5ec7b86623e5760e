"""aiokafka's three clients, as far as the runtime and the SDK use them, over a simulated cluster."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaConnectionError, KafkaTimeoutError

from contracts.timeless import NO_TIMESTAMP
from tests.simulation.cluster import Cluster, Member, Record
from tests.simulation.network import settle
from tests.simulation.process import PROCESS, Process

CONNECTED_S = 1.0
"""So long it takes at most until who was frozen is connected again."""


async def _connect(cluster: Cluster, process: Process) -> None:
    """A round trip; fails when nobody is there."""
    if cluster.away:
        await cluster.network.fail_later(process, 2.0, KafkaConnectionError("No broker is there."))
    await cluster.network.ask(process, lambda: None)


async def _answered(cluster: Cluster, process: Process, serve: Any) -> Any:
    """An answer of the cluster's; as long as it is away, none."""
    while cluster.away:
        await cluster.network.pause(0.5)
    return await cluster.network.ask(process, serve)


class _Client:
    """What ``unhurried`` looks for, and what closes a client by force."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.cluster = self

    async def _metadata_update(self, cluster: Any, topics: Any) -> bool:
        return True

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """None: there is no such topic."""
        return set(range(self._cluster.partitions(topic))) or None

    async def close(self) -> None:
        """Nothing is open."""


class Consumer:
    """One ``AIOKafkaConsumer``."""

    def __init__(self, cluster: Cluster, *, group_id: str, session_timeout_ms: int, **_: Any) -> None:
        self._process = PROCESS.get()
        self._cluster = cluster
        self._network = cluster.network
        self._client = _Client(cluster)
        self._group = cluster.group(group_id)
        cluster.consumers += 1
        self._name = f"{self._process!r}/{cluster.consumers}"
        self.session_s = session_timeout_ms / 1e3
        self._topics: frozenset[str] = frozenset()
        self._listener: Any = None
        self._member: Member | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._seen: dict[TopicPartition, int] = {}
        """How far each partition is known to reach."""
        self._paused: set[TopicPartition] = set()
        self._reassigning = False
        self._told: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self._coordinating: asyncio.Task[None] | None = None
        self._news: asyncio.Future[None] | None = None
        self._noting = False
        self._stopped = False

    async def start(self) -> None:
        """Connects. Raises KafkaConnectionError."""
        await _connect(self._cluster, self._process)
        self._cluster.sessions[self._name] = self

    @property
    def process(self) -> Process:
        """Where it runs."""
        return self._process

    def subscribe(self, topics: Sequence[str], listener: Any) -> None:
        """Joins the group, or joins it anew."""
        self._topics, self._listener = frozenset(topics), listener
        if self._coordinating is None:
            self._coordinating = asyncio.get_running_loop().create_task(self._coordinate())
        self._tell("rebalance", -1)

    def _tell(self, *what: Any) -> None:
        if not self._stopped:
            self._told.put_nowait(what)

    def _hear(self, *what: Any) -> None:
        """Told from outside: taken in by the process, when it runs."""
        self._network.loop.call_soon(self._tell, *what, context=self._process.context)

    async def _coordinate(self) -> None:
        while True:
            match await self._told.get():
                case ("rebalance", generation):
                    if generation < 0 or self._member is None or generation > self._member.generation:
                        await self._rejoin(generation)
                case ("share", generation, offsets):
                    if self._member is not None and generation == self._member.generation:
                        await self._take(offsets)
                case _:
                    pass

    async def _rejoin(self, generation: int) -> None:
        self._reassigning = True
        self._wake()
        await self._listener.on_partitions_revoked(self.assignment())
        for partition in self._positions:
            self._unwatch(partition)
        self._positions.clear()
        if self._member is None or self._member.name not in self._group.members:
            self._member = Member(self._name, self._process, self._topics, self._hear)
        member = self._member
        await _answered(self._cluster, self._process, lambda: self._group.join(member, generation))

    async def _take(self, offsets: Mapping[TopicPartition, int | None]) -> None:
        self._positions = {partition: offset or 0 for partition, offset in offsets.items()}
        self._paused.clear()
        self._seen.clear()
        for partition in self._positions:
            self._cluster.watchers.setdefault(partition, []).append(self._notice)
        self._reassigning = False
        self._notice()
        await self._listener.on_partitions_assigned(self.assignment())

    def _unwatch(self, partition: TopicPartition) -> None:
        watchers = self._cluster.watchers.get(partition, [])
        if self._notice in watchers:
            watchers.remove(self._notice)

    def _notice(self) -> None:
        """There may be something to fetch: known a hop later. Who is frozen asks when it has woken."""
        if not self._noting and not self._stopped:
            self._noting = True
            if self._process.paused:
                self._process.on_waking.append(lambda: self._fetch(self._network.weather.seconds(0.0, CONNECTED_S)))
            else:
                self._fetch(self._network.weather.hop_s())

    def _fetch(self, delay_s: float) -> None:
        if not self._stopped:
            weather = self._network.weather
            if weather.strikes("fetch_slow"):
                delay_s += weather.seconds(0.05, 2.0)
            self._network.after(delay_s, self._note)

    def _note(self) -> None:
        self._noting = False
        if self._cluster.away:
            self._noting = True
            self._network.after(0.4, self._note)
            return
        for partition in self._positions:
            self._seen[partition] = len(self._cluster.logs.get(partition, ()))
        self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            settle(self._news, None)

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        """What is there, or comes within that time."""
        found = self._fetched(max_records)
        if not found:
            self._news = asyncio.get_running_loop().create_future()
            timer = asyncio.get_running_loop().call_later(timeout_ms / 1e3, settle, self._news, None)
            try:
                await self._news
            finally:
                timer.cancel()
                self._news = None
            found = self._fetched(max_records)
        return found

    def _fetched(self, most: int) -> dict[TopicPartition, list[Record]]:
        found: dict[TopicPartition, list[Record]] = {}
        if self._reassigning:
            return found
        for partition, position in self._positions.items():
            log = self._cluster.logs.get(partition)
            if log is None or partition in self._paused or most <= 0:
                continue
            if position > len(log):
                self._positions[partition] = position = 0  # out of range: the earliest
            if records := log[position : min(self._seen.get(partition, 0), position + most)]:
                found[partition] = records
                most -= len(records)
                self._positions[partition] = position + len(records)
        return found

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Goes on from there. Raises IllegalStateError."""
        if partition not in self._positions:
            raise IllegalStateError(f"{partition} is not assigned to this consumer.")
        self._positions[partition] = offset

    def highwater(self, partition: TopicPartition) -> int | None:
        """How far the partition reached when it was last heard of."""
        return self._seen.get(partition)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Raises CommitFailedError, IllegalStateError, KafkaTimeoutError."""
        if any(partition not in self._positions for partition in offsets):
            raise IllegalStateError("A partition is not assigned to this consumer.")
        weather, kept = self._network.weather, dict(offsets)
        if weather.strikes("offsets_answer_lost"):
            self._network.ask(self._process, lambda: self._group.commit(self._name, kept))
            await self._network.fail_later(self._process, 5.0, KafkaTimeoutError("No answer to a commit."))
        await _answered(self._cluster, self._process, lambda: self._group.commit(self._name, kept))

    async def committed(self, partition: TopicPartition) -> int | None:
        """What the group has."""
        return await _answered(self._cluster, self._process, lambda: self._group.committed.get(partition))

    def assignment(self) -> frozenset[TopicPartition]:
        """Its share."""
        return _Ordered(self._positions)

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """None: there is no such topic."""
        return self._client.partitions_for_topic(topic)

    async def topics(self) -> set[str]:
        """All that there are."""
        return set(await _answered(self._cluster, self._process, self._cluster.topics))

    def pause(self, *partitions: TopicPartition) -> None:
        """Fetches nothing of these."""
        self._paused |= set(partitions)

    def paused(self) -> set[TopicPartition]:
        """Of which nothing is fetched."""
        return set(self._paused)

    def resume(self, *partitions: TopicPartition) -> None:
        """Fetches these again."""
        self._paused -= set(partitions)
        self._wake()

    def missed(self) -> None:
        """It was not heard of for too long."""
        self._group.expel(self._name)

    async def stop(self) -> None:
        """Leaves the group."""
        self._stopped = True
        if self._coordinating is not None:
            self._coordinating.cancel()
            await asyncio.wait([self._coordinating])
        for partition in self._positions:
            self._unwatch(partition)
        if self._member is not None and self._process.alive:
            self._network.after(self._network.weather.hop_s(), self._group.leave, self._name)
            # Its joining may still be under way, and arrive after that.
            self._network.after(self.session_s, self._group.expel, self._name)
        if self._process.alive:
            self._cluster.sessions.pop(self._name, None)


class _Ordered(frozenset[TopicPartition]):
    """In the order given, whatever the hashes are."""

    def __new__(cls, partitions: Collection[TopicPartition]) -> "_Ordered":
        made = super().__new__(cls, partitions)
        made._order = tuple(partitions)
        return made

    _order: tuple[TopicPartition, ...]

    def __iter__(self) -> Any:
        return iter(self._order)


class Batch:
    """Records for one partition."""

    def __init__(self) -> None:
        self.records: list[tuple[int, bytes | None, bytes | None, Sequence[tuple[str, bytes]]]] = []

    def append(
        self, *, timestamp: int, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> int | None:
        """None: there is no room."""
        assert timestamp == NO_TIMESTAMP, "a broker refuses the time of a machine whose clock is wrong"
        if len(self.records) >= 1_000:
            return None
        self.records.append((timestamp, key, value, tuple(headers)))
        return len(self.records)


class _Idle:
    sender_task = None


class Producer:
    """One ``AIOKafkaProducer``."""

    def __init__(self, cluster: Cluster, *, request_timeout_ms: int = 40_000, **_: Any) -> None:
        self._process = PROCESS.get()
        self._cluster = cluster
        cluster.producers += 1
        self._number = cluster.producers
        self._timeout_s = request_timeout_ms / 1e3
        self.client = _Client(cluster)
        self._sender = _Idle()

    async def start(self) -> None:
        """Connects. Raises KafkaConnectionError."""
        await _connect(self._cluster, self._process)

    async def stop(self) -> None:
        """What was handed over goes out all the same."""

    def create_batch(self) -> Batch:
        """An empty one."""
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        """Hands it over; the future tells when it was acknowledged."""
        if not self._process.alive:
            return asyncio.get_running_loop().create_future()
        where = TopicPartition(topic, partition)
        return self._cluster.produce(self._number, where, batch.records, self._timeout_s)

    async def partitions_for(self, topic: str) -> set[int]:
        """Raises KafkaTimeoutError when there is no such topic."""
        found = self.client.partitions_for_topic(topic)
        if found is None:
            await self._cluster.network.fail_later(self._process, 2.0, KafkaTimeoutError(f"There is no {topic}."))
        return found or set()


class Admin:
    """One ``AIOKafkaAdminClient``."""

    def __init__(self, cluster: Cluster, **_: Any) -> None:
        self._process = PROCESS.get()
        self._cluster = cluster

    async def start(self) -> None:
        """Connects. Raises KafkaConnectionError."""
        await _connect(self._cluster, self._process)

    async def close(self) -> None:
        """Nothing is open."""

    async def describe_cluster(self) -> dict[str, Any]:
        """Its id, and one broker."""
        cluster = self._cluster
        return await _answered(
            cluster, self._process, lambda: {"cluster_id": cluster.cluster_id, "brokers": [{"node_id": 1}]}
        )

    async def list_topics(self) -> list[str]:
        """All that there are."""
        return await _answered(self._cluster, self._process, self._cluster.topics)

    async def create_topics(self, topics: Sequence[Any]) -> Any:
        """Makes those that are missing."""

        def make() -> Any:
            return _Made(
                [(each.name, 0 if self._cluster.create(each.name, each.num_partitions) else 36) for each in topics]
            )

        return await _answered(self._cluster, self._process, make)


class _Made:
    def __init__(self, topic_errors: list[tuple[str, int]]) -> None:
        self.topic_errors = topic_errors
