"""Where a saga belongs."""

from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as kafkas_murmur2
from hypothesis import given
from hypothesis import strategies as st

from coordinator.kafka.records import partition_for
from coordinator.runtime.shards import SHARDS, murmur2, partition_of, shard_in, shard_of


@given(st.binary(max_size=70))
def test_the_hash_is_kafkas(data: bytes) -> None:
    """Every key hashes as in Kafka's clients."""
    assert murmur2(data) == kafkas_murmur2(data)


@given(st.text(min_size=1, max_size=40), st.integers(1, 64))
def test_the_partition_is_kafkas(key: str, count: int) -> None:
    """A saga's records go to the partition that any other client would choose."""
    partitions = list(range(count))
    chosen = DefaultPartitioner()(key.encode(), partitions, partitions)
    assert (
        chosen == partition_of(key, count) == partition_for(key, partitions) == partition_for(key.encode(), partitions)
    )


@given(st.text(min_size=1, max_size=40), st.integers(1, SHARDS), st.data())
def test_a_shard_belongs_to_the_partition_it_was_asked_for(key: str, count: int, data: st.DataObject) -> None:
    """Whatever the saga's id hashes to; and it is a shard that a row may have."""
    partition = data.draw(st.integers(0, count - 1))
    shard = shard_in(partition, count, key)
    assert 0 <= shard < SHARDS
    assert shard % count == partition


def test_shards_are_spread() -> None:
    """Keys that count up use most of the shards."""
    assert len({shard_of(f"book_trip:{number}") for number in range(5_000)}) > 1_000
