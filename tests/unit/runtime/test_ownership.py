"""Whose sagas are whose, and where replies to them are asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.runtime.ownership import Ownership
from coordinator.runtime.shards import partition_of, shard_of

KEYS = [f"buy:{number}" for number in range(500)]


def assigned(partitions: set[int], count: int) -> Ownership:
    """A coordinator with these partitions."""
    ownership = Ownership()
    ownership.assign(frozenset(partitions), count)
    return ownership


@given(st.text(min_size=1, max_size=40), st.integers(1, 40), st.data())
def test_what_is_started_here_is_ours(key: str, count: int, data: st.DataObject) -> None:
    """Its replies come here, whatever its id hashes to, and nobody else owns it."""
    own = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    here, there = assigned(own, count), assigned({*range(count)} - own, count)
    shard = here.place(key)
    asked_for = here.reply_partition(key, shard)
    assert (here.owns(shard), there.owns(shard)) == (True, False)
    assert (here.hears(key, asked_for), there.hears(key, asked_for)) == (True, False)


def test_a_coordinator_with_a_share_uses_all_of_it() -> None:
    """Sagas whose ids hash to others are spread over its partitions."""
    here = assigned({1, 4, 6}, 8)
    counts = [sum(here.partition(here.place(key)) == each for key in KEYS) for each in (1, 4, 6)]
    assert min(counts) > 120


@pytest.mark.parametrize("count", [1, 7, 8, 12, 16])
def test_one_that_owns_all_leaves_it_to_the_key(count: int) -> None:
    """No header is needed where replies find the way by themselves."""
    all_of_them = assigned({*range(count)}, count)
    assert {all_of_them.reply_partition(key, all_of_them.place(key)) for key in KEYS} == {None}


def test_one_that_owns_nothing_leaves_it_to_the_id() -> None:
    """As it is before the group has divided the partitions, or with more coordinators than partitions."""
    for ownership in (Ownership(), assigned(set(), 8)):
        assert all(ownership.place(key) == shard_of(key) for key in KEYS)
        assert {ownership.reply_partition(key, shard_of(key)) for key in KEYS} == {None}
        assert not any(ownership.owns(shard_of(key)) for key in KEYS)


def test_twice_the_partitions() -> None:
    """F6: each saga belongs to one of them again, and its next command says to which."""
    before, after = assigned({1, 4}, 8), assigned({*range(16)}, 16)
    for key in KEYS:
        shard = before.place(key)
        asked_for = after.reply_partition(key, shard)
        partition = partition_of(key, 16) if asked_for is None else asked_for
        assert partition == after.partition(shard)
        assert partition % 8 in (1, 4)


def test_a_partition_that_is_gone() -> None:
    """Replies that were asked for there go where their key leads."""
    here = assigned({0, 1}, 2)
    assert all(here.hears(key, 7) for key in KEYS)
    half = assigned({0}, 2)
    assert {key for key in KEYS if half.hears(key, 7)} == {key for key in KEYS if partition_of(key, 2) == 0}
