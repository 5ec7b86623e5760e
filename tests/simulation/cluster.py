"""Kafka's side: topics, partitions, groups. It keeps Kafka's promises, and breaks them as the weather says."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, KafkaTimeoutError, UnknownTopicOrPartitionError

from tests.simulation.network import Network
from tests.simulation.process import Process

METADATA_S = 3.0
"""So late at most a client hears of other topics."""
HEARTBEAT_S = 1.5
REBALANCE_S = 10.0
"""A member that has not joined by then is out."""


class Record(NamedTuple):
    """As a consumer gets it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Member:
    """One consumer in a group. ``told`` hears of rebalances, in the consumer's own process."""

    def __init__(self, name: str, process: Process, topics: frozenset[str], told: Callable[..., None]) -> None:
        self.name = name
        self.process = process
        self.topics = topics
        self.told = told
        self.joined = False
        self.generation = -1


class Group:
    """Divides partitions among its members, and keeps their offsets."""

    def __init__(self, name: str, cluster: "Cluster") -> None:
        self.name = name
        self.committed: dict[TopicPartition, int] = {}
        self.members: dict[str, Member] = {}
        self.rebalances = 0
        self._cluster = cluster
        self._generation = 0
        self._joining = False
        self._divided_at = 0.0
        self._divided_for = 0
        """The generation that has its shares. It keeps them while the next one joins."""
        self._divided: object = None
        """Among whom, and what."""
        self._turn = 0
        """Where the division begins. It stays when nothing has changed: an assignor gives everybody the same again."""

    def join(self, member: Member, generation: int) -> None:
        """It takes part, or does again, and waits for its share. ``generation``: of which it was told, or negative."""
        if 0 <= generation <= member.generation:
            return  # it has its share already
        self.members[member.name] = member
        member.joined = True
        self.rebalance()
        self._look()

    def leave(self, name: str) -> None:
        """It goes."""
        if self.members.pop(name, None) is not None:
            self.rebalance()
            self._look()

    def expel(self, name: str) -> None:
        """It was not heard of for too long. If it lives, it will hear of that with its next heartbeat."""
        if (member := self.members.get(name)) is not None:
            self._tell_out(member)
            self.leave(name)

    def _tell_out(self, member: Member) -> None:
        network = self._cluster.network
        network.tell(member.process, network.weather.seconds(0.0, HEARTBEAT_S), member.told, "rebalance", -1)

    def has(self, process: Process) -> bool:
        """Whether the process has been given its part, be it nothing."""
        return any(each.generation >= 0 and each.process is process for each in self.members.values())

    def rebalance(self, otherwise: bool = False) -> None:
        """All members are asked to join anew; ``otherwise``: to get other parts than before."""
        if otherwise:
            self._divided = None
        if self._joining or not self.members:
            return
        self._joining = True
        self._generation += 1
        self.rebalances += 1
        network = self._cluster.network
        for member in self.members.values():
            if not member.joined:
                network.tell(member.process, network.weather.hop_s(), member.told, "rebalance", self._generation)
        network.after(REBALANCE_S, self._late, self._generation)

    def _late(self, generation: int) -> None:
        if self._joining and generation == self._generation:
            for member in [each for each in self.members.values() if not each.joined]:
                del self.members[member.name]
                self._tell_out(member)
            self._look()

    def _look(self) -> None:
        if self._joining and all(member.joined for member in self.members.values()):
            self._cluster.network.after(0.003, self._divide, self._generation)

    def _divide(self, generation: int) -> None:
        if not self._joining or generation != self._generation:
            return
        if not all(member.joined for member in self.members.values()):
            return
        self._joining = False
        self._divided_at = self._cluster.network.loop.time()
        self._divided_for = generation
        members = sorted(self.members.values(), key=lambda member: member.name)
        topics = sorted({topic for member in members for topic in member.topics})
        divided = [member.name for member in members], [self._cluster.partitions(topic) for topic in topics]
        if divided != self._divided:
            self._divided, self._turn = divided, generation
        shares: dict[str, list[TopicPartition]] = {member.name: [] for member in members}
        for topic in topics:
            wanting = [member for member in members if topic in member.topics]
            for number in range(self._cluster.partitions(topic)):
                shares[wanting[(number + self._turn) % len(wanting)].name].append(TopicPartition(topic, number))
        network = self._cluster.network
        for member in members:
            member.joined = False
            member.generation = generation
            share = shares[member.name]
            network.trace(
                "kafka", "share", self.name, member.name, [f"{each.topic}/{each.partition}" for each in share]
            )
            offsets = {each: self.committed.get(each) for each in share}
            network.after(network.weather.hop_s(), member.told, "share", generation, offsets)

    def commit(self, name: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Keeps them, if the member still has its share. Raises CommitFailedError."""
        member = self.members.get(name)
        if member is None or member.generation != self._divided_for:
            raise CommitFailedError(f"{name} is not of this generation.")
        for partition, offset in offsets.items():
            # Kafka cannot tell an old topic from a new one of its name before the group has divided the new one.
            if self._divided_at > self._cluster.made_at.get(partition.topic, 0.0):
                self._cluster.on_commit(self.name, partition, self.committed.get(partition, 0), offset)
            self.committed[partition] = offset
        self._cluster.network.trace(
            "kafka", "offsets", self.name, *[f"{each.topic}/{each.partition}@{offsets[each]}" for each in offsets]
        )


class Cluster:
    """The brokers, as one."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.cluster_id = "cluster-1"
        self.away = False
        """Nothing is answered."""
        self.logs: dict[TopicPartition, list[Record]] = {}
        self.groups: dict[str, Group] = {}
        self.watchers: dict[TopicPartition, list[Callable[[], None]]] = {}
        """Consumers that fetch from the partition."""
        self.on_arrival: Callable[[TopicPartition, Any], None] = _unseen
        self.on_commit: Callable[[str, TopicPartition, int, int], None] = _unseen
        self.consumers = 0
        self.producers = 0
        self.sessions: dict[str, Any] = {}
        """Consumers that are connected, by name."""
        self.made_at: dict[str, float] = {}
        """When each topic was made."""
        self._counts: dict[str, int] = {}
        self._free_at: dict[tuple[int, TopicPartition], float] = {}

    def topics(self) -> list[str]:
        """Names, sorted."""
        return sorted(self._counts)

    def partitions(self, topic: str) -> int:
        """How many; 0: there is no such topic."""
        return self._counts.get(topic, 0)

    def create(self, topic: str, partitions: int) -> bool:
        """Whether it was not there."""
        if topic in self._counts:
            return False
        self._counts[topic] = partitions
        self.made_at[topic] = self.network.loop.time()
        for number in range(partitions):
            self.logs[TopicPartition(topic, number)] = []
        self._metadata_changes(topic)
        return True

    def delete(self, topics: Sequence[str]) -> None:
        """They are gone with all that is in them, and the groups' offsets."""
        for topic in topics:
            for number in range(self._counts.pop(topic, 0)):
                partition = TopicPartition(topic, number)
                del self.logs[partition]
                for group in self.groups.values():
                    group.committed.pop(partition, None)
            self._metadata_changes(topic)
        self.network.trace("kafka", "deleted", *topics)

    def grow(self, topic: str, partitions: int) -> None:
        """So many partitions more."""
        for number in range(self._counts[topic], self._counts[topic] + partitions):
            self.logs[TopicPartition(topic, number)] = []
        self._counts[topic] += partitions
        self._metadata_changes(topic)

    def inject(self, partition: TopicPartition, record: Any) -> int:
        """Somebody else's record; returns its offset."""
        self._now(partition, record)
        return len(self.logs[partition]) - 1

    def _metadata_changes(self, topic: str) -> None:
        for group in self.groups.values():
            if any(topic in member.topics for member in group.members.values()):
                self.network.after(self.network.weather.seconds(0.1, METADATA_S), group.rebalance)

    def group(self, name: str) -> Group:
        """The group of that name; it is made when somebody asks for it."""
        if name not in self.groups:
            self.groups[name] = Group(name, self)
        return self.groups[name]

    def produce(self, producer: int, partition: TopicPartition, records: Sequence[Any], timeout_s: float) -> Any:
        """Appends the records after a hop, in the producer's order; a future for the acknowledgement."""
        network, weather = self.network, self.network.weather
        acknowledged = network.loop.create_future()
        arrival = network.loop.time() + weather.hop_s()
        if weather.strikes("produce_slow"):
            arrival += weather.seconds(0.05, 3.0)
        key = (producer, partition)
        arrival = max(arrival, self._free_at.get(key, 0.0) + 1e-6)
        self._free_at[key] = arrival
        until = network.loop.time() + timeout_s
        network.after(arrival - network.loop.time(), self._arrive, partition, records, acknowledged, until)
        return acknowledged

    def _arrive(self, partition: TopicPartition, records: Sequence[Any], acknowledged: Any, until: float) -> None:
        network, weather = self.network, self.network.weather
        log = self.logs.get(partition)
        if log is None or self.away:
            if network.loop.time() < until:
                network.after(0.4, self._arrive, partition, records, acknowledged, until)
            elif not acknowledged.done():
                error = UnknownTopicOrPartitionError() if log is None else KafkaTimeoutError("No broker answered.")
                acknowledged.set_exception(error)
            return
        for record in records:
            self.on_arrival(partition, record)
            self._append(partition, record)
        if weather.strikes("produce_answer_lost"):
            network.trace("kafka", "answer lost", f"{partition.topic}/{partition.partition}", len(records))
            network.after(weather.seconds(0.5, 20.0), _fails, acknowledged)
        else:
            network.after(weather.hop_s(), _acknowledges, acknowledged)

    def _append(self, partition: TopicPartition, record: Any) -> None:
        """One record: usually at once and once."""
        network, weather = self.network, self.network.weather
        if weather.strikes("message_lost"):
            network.trace("kafka", "lost", _id(record))
            return
        if weather.strikes("message_reordered"):
            network.after(weather.seconds(0.001, 0.1), self._now, partition, record)
        elif weather.strikes("message_late"):
            network.after(weather.seconds(0.1, 20.0), self._now, partition, record)
        else:
            self._now(partition, record)
        if weather.strikes("message_doubled"):
            for _ in range(1 + int(weather.seconds(0, 3))):
                network.after(weather.seconds(0.0, 10.0), self._now, partition, record)

    def _now(self, partition: TopicPartition, record: Any) -> None:
        log = self.logs.get(partition)
        if log is None:
            return
        _, key, value, headers = record
        log.append(Record(partition.topic, partition.partition, len(log), key, value, headers))
        for watcher in self.watchers.get(partition, ()):
            watcher()


def _unseen(*_: Any) -> None: ...


def _acknowledges(acknowledged: Any) -> None:
    if not acknowledged.done():
        acknowledged.set_result(None)


def _fails(acknowledged: Any) -> None:
    if not acknowledged.done():
        acknowledged.set_exception(KafkaTimeoutError("No answer to a produce request."))


def _id(record: Any) -> str:
    return f"{dict(record[3]).get('ce_id')!r}"
