"""How far a partition is handled."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from coordinator.kafka.offsets import PartitionOffsets


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.data())
def test_never_beyond_what_is_not_handled(gaps: list[int], data: st.DataObject) -> None:
    """In whatever order records are handled, the committed offset is the first unhandled one, or the end."""
    offsets = PartitionOffsets()
    read = [sum(gaps[: index + 1]) for index in range(len(gaps))]
    for offset in read:
        offsets.begin(offset)
    left = set(read)
    for offset in data.draw(st.permutations(read)):
        offsets.done(offset)
        left.discard(offset)
        low = min(left, default=read[-1] + 1)
        assert offsets.to_commit() == (None if low == read[0] else low)


def test_nothing_new_is_not_committed_again() -> None:
    """Once the broker has it."""
    offsets = PartitionOffsets()
    assert offsets.to_commit() is None
    offsets.begin(7)
    offsets.done(7)
    offsets.committed(8)
    assert offsets.to_commit() is None


async def test_whoever_waits_is_told_when_all_is_handled() -> None:
    """A rebalance waits for what is in flight."""
    offsets = PartitionOffsets()
    offsets.begin(1)
    offsets.begin(2)
    waiting = asyncio.create_task(offsets.handled())
    offsets.done(1)
    await asyncio.sleep(0)
    assert not waiting.done()
    offsets.done(2)
    await waiting
