"""Records packed into batches, one after another for each partition."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from aiokafka.producer.message_accumulator import BatchBuilder

from contracts.timeless import NO_TIMESTAMP
from coordinator.runtime.ports import OutboxRow
from coordinator.runtime.shards import murmur2, position

MAX_BATCH_BYTES = 900_000
"""Under the brokers' default of 1 MiB for a batch (message.max.bytes). A single larger record still fits alone."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """What is to be sent."""

    topic: str
    key: str | bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None
    partition: int | None = None
    """None, or one that does not exist, or means nothing in this topic (see ``lanes``): the one that follows from the
    key."""


Sendable = Record | OutboxRow
"""A row of the outbox is a record as it stands."""


class Lane(NamedTuple):
    """The records for one partition, by their places in what was given."""

    topic: str
    partition: int
    places: list[int]


def partition_for(key: str | bytes | None, partitions: Sequence[int]) -> int:
    """As Kafka's own default partitioner: murmur2 of the key. Without a key, the first partition."""
    if key is None:
        return partitions[0]
    place = position(key) if isinstance(key, str) else murmur2(key) & 0x7FFFFFFF
    return partitions[place % len(partitions)]


def lanes(records: Sequence[Sendable], partitions: Mapping[str, Sequence[int]], of: int | None = None) -> list[Lane]:
    """The records of topics whose partitions are known, in order within each partition.

    ``of``: the partitions that records name are some of so many, and mean nothing in a topic that has more or fewer.
    """
    found: dict[tuple[str, int], Lane] = {}
    for place, record in enumerate(records):
        known = partitions.get(record.topic)
        if not known:
            continue
        partition = record.partition
        if partition is None or partition not in known or of not in (None, len(known)):
            partition = partition_for(record.key, known)
        lane = found.get((record.topic, partition))
        if lane is None:
            lane = found[record.topic, partition] = Lane(record.topic, partition, [])
        lane.places.append(place)
    return list(found.values())


def pack(batch: BatchBuilder, records: Sequence[Sendable], places: Sequence[int]) -> Sequence[int]:
    """Fills the batch with the records at these places, in order; returns the places that it had room for."""
    append = batch.append
    for count, place in enumerate(places):
        record = records[place]
        key = record.key
        key = key.encode() if isinstance(key, str) else key
        if append(timestamp=NO_TIMESTAMP, key=key, value=record.value, headers=list(record.headers)) is None:
            return places[:count]
    return places
