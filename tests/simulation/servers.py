"""Kafka, the coordinators' store and the participants' databases of one world."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from aiokafka import TopicPartition

from contracts.reply_message import PARENT
from tests.simulation.cluster import Cluster
from tests.simulation.database import Database
from tests.simulation.installed import START_S
from tests.simulation.network import Network
from tests.simulation.nodes import TOPICS
from tests.simulation.outside import Outside
from tests.simulation.poison import poison
from tests.simulation.stores import SharedLog
from tests.simulation.witness import Witness


class Servers:
    """All shown to the witness."""

    def __init__(self, network: Network, witness: Witness, participants: Sequence[str]) -> None:
        self.network = network
        self.cluster = Cluster(network)
        self.log = SharedLog(self._committed, witness.deleted, lambda: START_S + network.loop.time())
        self.databases = {name: Database(name, network) for name in participants}
        coordinators = self.cluster.group(f"{TOPICS.prefix}.coordinators")
        self.outside = Outside(
            network,
            lambda saga_id: witness.rows.get(saga_id, ()),
            witness.ended_at,
            coordinators,
        )
        """Whom local steps call."""
        self.on_pending: Callable[[str, int], None] = lambda _, __: None
        """Told that a participant will answer a command later, and of which attempt it said so."""
        self._witness = witness
        self.cluster.on_arrival = self._arrived
        self.cluster.on_commit = self._offsets
        for database in self.databases.values():
            database.on_commit = witness.effects

    def _committed(self, writes: Sequence[Any]) -> None:
        for write in writes:
            events = [type(event).__name__ for event in self._witness.read(write)]
            self.network.trace("log", write.saga_id, write.seq, *events)
        self._witness.committed(writes)

    def _arrived(self, partition: TopicPartition, record: Any) -> None:
        headers = dict(record[3])
        what = headers.get("ce_commandid") or headers.get("ce_id", b"?")
        kind, attempt = headers.get("ce_type", b"?"), headers.get("ce_attempt", b"?")
        place = f"{partition.topic}/{partition.partition}"
        self.network.trace("kafka", "got", place, what.decode(), kind.decode(), attempt.decode())
        self._witness.arrived(partition.topic, record)
        if kind == b"amends.reply.pending" and PARENT not in headers:
            self.on_pending(what.decode(), int(attempt))

    def _offsets(self, group: str, partition: TopicPartition, old: int, new: int) -> None:
        self._witness.offsets_committed(self.cluster, partition, old, new)

    def rebalance(self, random: Random) -> bool:
        """A group divides its partitions anew."""
        groups = [group for group in self.cluster.groups.values() if group.members]
        if not groups:
            return False
        random.choice(groups).rebalance(otherwise=True)
        return True

    def leave(self, kind: str, seconds: float, random: Random) -> bool:
        """A server does not answer for a while."""
        server: Any = self.cluster if kind == "kafka_away" else self.log
        if kind == "database_away":
            server = random.choice(sorted(self.databases.items()))[1]
        if server.away:
            return False
        server.away = True
        self.network.trace("world", kind, round(seconds, 3))

        def back() -> None:
            server.away = False

        self.network.after(seconds, back)
        return True

    def lose_topics(self, random: Random) -> bool:
        """Some topics, or all, are gone with all that is in them."""
        topics = self.cluster.topics()
        if not topics:
            return False
        self.cluster.delete(topics if random.random() < 0.3 else random.sample(topics, random.randint(1, len(topics))))
        return True

    def add_partitions(self, random: Random) -> bool:
        """A topic has more of them from here on."""
        small = [topic for topic in self.cluster.topics() if self.cluster.partitions(topic) < 16]
        if not small:
            return False
        topic = random.choice(small)
        self.network.trace("kafka", "grows", topic)
        self.cluster.grow(topic, random.randint(1, 4))
        return True

    def poison(self, random: Random) -> bool:
        """A record that nobody can read, or that belongs to nothing."""
        read = (TOPICS.replies, TOPICS.requests)
        topics = [topic for topic in self.cluster.topics() if topic in read or ".commands." in topic]
        if not topics:
            return False
        topic = random.choice(topics)
        partition = TopicPartition(topic, random.randrange(self.cluster.partitions(topic)))
        offset = self.cluster.inject(partition, poison(random, topic))
        self.network.trace("kafka", "poison", topic, partition.partition, offset)
        self._witness.poisoned.add((topic, partition.partition, offset, self.cluster.made_at[topic]))
        return True

    def heal(self) -> None:
        """All answer again."""
        for server in (self.cluster, self.log, *self.databases.values()):
            server.away = False

    @property
    def outbox(self) -> list[str]:
        """Commands that are still to be sent, or to be run: not those that wait for mended code."""
        return [command_id for command_id in self.log.outbox_ids if not self._witness.stands_still(command_id)]

    def unhandled(self) -> list[str]:
        """Partitions with records that their group is not through with."""
        return [
            f"O5: {group} is at {at} of {len(log)} in {partition.topic}/{partition.partition}"
            for partition, log in self.cluster.logs.items()
            if log
            and (group := _reader(partition.topic)) is not None
            and (at := self.cluster.group(group).committed.get(partition, 0)) != len(log)
        ]


def _reader(topic: str) -> str | None:
    prefix, _, rest = topic.partition(".")
    if rest == "replies":
        return f"{prefix}.coordinators"
    if rest == "requests":
        return f"{prefix}.requests"
    kind, _, name = rest.partition(".")
    return f"{prefix}.participant.{name}" if kind == "commands" else None
