"""Where a saga belongs: a shard, and the partition of the replies topic that follows from it.

The shard is drawn from Kafka's own hash of the saga's id, and moved to a partition of the coordinator that starts the
saga where that is another one (see ``ownership``). It is kept in the saga's row and never changes.
"""

import struct
from functools import lru_cache

SHARDS = 1024

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995
_SEED = 0x9747B28C


def murmur2(data: bytes) -> int:
    """Kafka's murmur2 (seed 0x9747b28c) as an unsigned 32-bit number, as the Java client computes it."""
    length = len(data)
    hash_ = _SEED ^ length
    whole = length & ~3
    for word in struct.unpack(f"<{length >> 2}I", data[:whole]):
        mixed = (word * _M) & _MASK
        hash_ = ((hash_ * _M) ^ ((mixed ^ (mixed >> 24)) * _M)) & _MASK
    rest = data[whole:]
    if rest:
        hash_ = ((hash_ ^ int.from_bytes(rest, "little")) * _M) & _MASK
    hash_ = ((hash_ ^ (hash_ >> 13)) * _M) & _MASK
    return hash_ ^ (hash_ >> 15)


@lru_cache(maxsize=65_536)
def position(saga_id: str) -> int:
    """The saga's place on the ring of 2**31: what partitions and shards are taken from."""
    return murmur2(saga_id.encode()) & 0x7FFFFFFF


def shard_of(saga_id: str) -> int:
    """The shard, 0 to 1023, of a saga that nobody has a reason to place elsewhere."""
    return position(saga_id) % SHARDS


def partition_of(saga_id: str, partitions: int) -> int:
    """The partition that records with this saga's id as their key go to, in a topic with so many."""
    return position(saga_id) % partitions


def shard_in(partition: int, partitions: int, saga_id: str) -> int:
    """A shard whose sagas belong to this partition, of so many (at most 1024): near the one that the id gives."""
    shard = shard_of(saga_id)
    shard += partition - shard % partitions
    return shard if shard < SHARDS else shard - partitions
