"""The topics of one deployment, seen from outside: what is unread, what was ever sent, and records of one's own."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.faults.system import System
from tests.faults.waiting import until

READ_WITHIN_S = 30.0


class Travelled(NamedTuple):
    """One record that was sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def named(self) -> dict[str, str]:
        """The headers by name."""
        return {name: value.decode() for name, value in self.headers}


def groups_of(system: System) -> dict[str, str]:
    """By topic, the group that reads it."""
    topics = system.topics
    return {
        topics.replies: f"{topics.prefix}.coordinators",
        topics.requests: f"{topics.prefix}.requests",
        **{topics.commands(name): f"{topics.prefix}.participant.{name}" for name in system.participants},
    }


async def unread(system: System) -> dict[str, int]:
    """By topic and partition: commands, replies and requests that their readers have not committed yet."""
    groups = groups_of(system)
    async with _admin(system) as admin, _reader(system) as reader:
        ends = await _ends(admin, reader, groups)
        committed: dict[Any, Any] = {}
        for topic, group in groups.items():
            of_group = await admin.list_consumer_group_offsets(group)
            committed |= {tp: found.offset for tp, found in of_group.items() if tp.topic == topic}
    left = {tp: end - max(0, committed.get(tp, 0)) for tp, end in ends.items()}
    return {f"{tp.topic}/{tp.partition}": count for tp, count in left.items() if count > 0}


async def members(system: System) -> int:
    """How many coordinators the group counts on just now."""
    async with _admin(system) as admin:
        [answer] = await admin.describe_consumer_groups([groups_of(system)[system.topics.replies]])
        [(_, _, _, _, _, members, *_)] = answer.groups
        return len(members)


async def all_records(system: System, topics: Sequence[str]) -> list[Travelled]:
    """All that was ever sent to these topics, one topic after the other, each partition in its order."""
    found: list[Travelled] = []
    for topic in topics:
        async with _admin(system) as admin, _reader(system) as reader:
            ends = {partition: end for partition, end in (await _ends(admin, reader, [topic])).items() if end > 0}
            if not ends:
                continue
            reader.assign([*ends])
            await reader.seek_to_beginning(*ends)
            async with asyncio.timeout(READ_WITHIN_S):
                while any([await reader.position(partition) < end for partition, end in ends.items()]):
                    for records in (await reader.getmany(timeout_ms=500)).values():
                        found += [Travelled(r.topic, r.key, r.value, tuple(r.headers)) for r in records]
    return found


async def send(system: System, records: Iterable[Travelled]) -> None:
    """Sends records, in order."""
    async with AIOKafkaProducer(bootstrap_servers=system.servers.kafka.bootstrap) as producer:
        sent = [
            await producer.send(topic, value, key=key, headers=[*headers]) for topic, key, value, headers in records
        ]
        await asyncio.gather(*sent)


@asynccontextmanager
async def _admin(system: System) -> AsyncGenerator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=system.servers.kafka.bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def _reader(system: System) -> AsyncGenerator[AIOKafkaConsumer]:
    reader = AIOKafkaConsumer(
        bootstrap_servers=system.servers.kafka.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def _ends(
    admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, topics: Iterable[str]
) -> Mapping[TopicPartition, int]:
    """Where each partition ends; the topics must exist, or come into being soon."""
    wanted = sorted(topics)
    partitions: list[TopicPartition] = []

    async def there() -> bool:
        described: list[dict[str, Any]] = await admin.describe_topics(wanted)
        partitions[:] = [
            TopicPartition(each["topic"], part["partition"]) for each in described for part in each["partitions"]
        ]
        return {partition.topic for partition in partitions} == set(wanted)

    await until(there, READ_WITHIN_S)
    ends: dict[TopicPartition, int] = await reader.end_offsets(partitions)
    return ends
