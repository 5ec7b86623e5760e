"""Whose sagas are whose: the partitions of the replies topic that this coordinator is assigned.

Ownership only says who keeps a saga warm and who looks after its timers. It protects nothing: the fence does.

A saga stays where it was started: its shard is one that belongs to a partition of the starter, and participants are
asked to reply to that partition, whatever the saga's id hashes to (decision 14).
"""

from collections.abc import Callable

from coordinator.runtime.shards import SHARDS, partition_of, position, shard_in, shard_of


class Ownership:
    """The partitions assigned, of how many."""

    def __init__(self) -> None:
        self._partitions: frozenset[int] = frozenset()
        self._count = 1
        self._homes: tuple[int, ...] = ()
        """The partitions assigned that a shard can belong to."""
        self.on_change: list[Callable[[frozenset[int]], None]] = []
        """Called after a change with the partitions that were gained."""

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions assigned."""
        return self._partitions

    def partition(self, shard: int) -> int:
        """The partition of the replies topic that the shard's sagas belong to."""
        return shard % self._count

    def owns(self, shard: int) -> bool:
        """Whether this coordinator keeps the shard's sagas."""
        return shard % self._count in self._partitions

    def place(self, saga_id: str) -> int:
        """The shard for a saga that is started here: one of ours, unless we have none."""
        homes, partition = self._homes, partition_of(saga_id, self._count)
        if not homes:
            return shard_of(saga_id)
        if partition not in self._partitions:
            partition = homes[position(saga_id) // self._count % len(homes)]
        return shard_in(partition, self._count, saga_id)

    def reply_partition(self, saga_id: str, shard: int) -> int | None:
        """The partition that replies to the saga should go to; None when their key leads there anyway."""
        partition = shard % self._count
        return None if partition == partition_of(saga_id, self._count) else partition

    def hears(self, saga_id: str, reply_partition: int | None) -> bool:
        """Whether a reply to the saga comes to this coordinator, if it was asked for with ``reply_partition``."""
        if reply_partition is None or reply_partition >= self._count:
            reply_partition = partition_of(saga_id, self._count)
        return reply_partition in self._partitions

    def assign(self, partitions: frozenset[int], count: int) -> None:
        """These partitions, of ``count``, are ours from here on, and no others."""
        if (partitions, count) == (self._partitions, self._count):
            return
        gained = partitions - self._partitions if count == self._count else partitions
        self._partitions = partitions
        self._count = max(1, count)
        self._homes = tuple(sorted(partition for partition in partitions if partition < SHARDS))
        for changed in self.on_change:
            changed(gained)
