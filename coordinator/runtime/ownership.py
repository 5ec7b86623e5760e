"""Whose sagas are whose: the partitions of the replies topic that this coordinator is assigned.

Ownership only says who keeps a saga warm and who looks after its timers. It protects nothing: the fence does.

A saga stays where it was started: its shard is one that belongs to a partition of the starter, and participants are
asked to reply to that partition, whatever the saga's id hashes to (decision 14). Sagas that are started at the same
time are in company: they get one partition, so that their records share a batch at every hop (decision 30).
"""

from collections.abc import Callable

from coordinator.runtime.shards import SHARDS, partition_of, shard_in, shard_of

COMPANY = 64
"""So many sagas at most are placed in one partition, one after another, and then the next partition's turn comes: one
process of a participant gets all of their commands, while the others wait for theirs."""
COMPANY_MS = 50
"""So long at most: those that come seldom are spread one by one."""


class Ownership:
    """The partitions assigned, of how many."""

    def __init__(self) -> None:
        self._partitions: frozenset[int] = frozenset()
        self._count = 1
        self._homes: tuple[int, ...] = ()
        """The partitions assigned that a shard can belong to."""
        self._turn = 0
        """Whose it is, of the homes."""
        self._placed = 0
        """Sagas since its turn began."""
        self._turn_began = 0
        self.on_change: list[Callable[[frozenset[int]], None]] = []
        """Called after a change with the partitions that were gained."""

    @property
    def count(self) -> int:
        """How many partitions the replies topic has."""
        return self._count

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

    def place(self, saga_id: str, now: int) -> int:
        """The shard for a saga that is started here and now (ms): one of ours, unless we have none."""
        homes = self._homes
        if not homes:
            return shard_of(saga_id)
        if self._placed == COMPANY or not 0 <= now - self._turn_began < COMPANY_MS:
            self._turn, self._placed, self._turn_began = self._turn + 1, 0, now
        self._placed += 1
        return shard_in(homes[self._turn % len(homes)], self._count, saga_id)

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
