"""Whose sagas are whose: the partitions of the replies topic that this coordinator is assigned.

Ownership only says who keeps a saga warm and who looks after its timers. It protects nothing: the fence does.
"""

from collections.abc import Callable

from coordinator.runtime.shards import partition_of


class Ownership:
    """The partitions assigned, of how many."""

    def __init__(self) -> None:
        self._partitions: frozenset[int] = frozenset()
        self._count = 1
        self.on_change: list[Callable[[frozenset[int]], None]] = []
        """Called after a change with the partitions that were gained."""

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions assigned."""
        return self._partitions

    def partition(self, saga_id: str) -> int:
        """The saga's partition of the replies topic."""
        return partition_of(saga_id, self._count)

    def owns(self, saga_id: str) -> bool:
        """Whether this coordinator keeps the saga."""
        return partition_of(saga_id, self._count) in self._partitions

    def assign(self, partitions: frozenset[int], count: int) -> None:
        """These partitions, of ``count``, are ours from here on, and no others."""
        if (partitions, count) == (self._partitions, self._count):
            return
        gained = partitions - self._partitions if count == self._count else partitions
        self._partitions = partitions
        self._count = max(1, count)
        for changed in self.on_change:
            changed(gained)
