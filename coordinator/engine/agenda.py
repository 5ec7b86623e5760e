"""What will be due, and when."""

from collections.abc import Callable
from enum import IntEnum
from heapq import heapify, heappop, heappush

from coordinator.engine.times import LATEST


class Due(IntEnum):
    """What can be due, in the order in which things due at the same time happen."""

    TIMER = 1
    STEP = 2
    UNDO = 3
    DEADLINE = 4


DueKey = tuple[Due, int]
"""One thing that will be due: of what sort, and its number."""
DEADLINE: DueKey = (Due.DEADLINE, 0)
"""The whole saga has one at most."""


class Agenda:
    """Times by key; the earliest is found at once, however many there are."""

    __slots__ = ("_heap", "_times")

    def __init__(self) -> None:
        self._times: dict[DueKey, int] = {}
        self._heap: list[tuple[int, DueKey]] = []
        """Every time ever put and not yet passed over; those that do not stand in ``_times`` count for nothing."""

    def put(self, key: DueKey, at: int) -> None:
        """It is due then, and no longer when it was due before."""
        self._times[key] = at
        heappush(self._heap, (at, key))
        if len(self._heap) > 2 * len(self._times) + 64:
            self._rebuild()

    def remove(self, key: DueKey) -> None:
        """It is not due any more, if it was."""
        self._times.pop(key, None)

    def keep(self, wanted: Callable[[DueKey], bool]) -> None:
        """Removes all others."""
        self._times = {key: at for key, at in self._times.items() if wanted(key)}
        self._rebuild()

    def shift(self, ms: int) -> None:
        """All of it is due so much later."""
        self._times = {key: min(at + ms, LATEST) for key, at in self._times.items()}
        self._rebuild()

    def clear(self) -> None:
        """Removes all."""
        self._times, self._heap = {}, []

    @property
    def first(self) -> tuple[int, DueKey] | None:
        """What is due first, and when."""
        heap, times = self._heap, self._times
        while heap:
            at, key = heap[0]
            if times.get(key) == at:
                return heap[0]
            heappop(heap)
        return None

    def first_of(self, what: Due) -> tuple[int, DueKey] | None:
        """What of this sort is due first, and when. Looks at everything."""
        return min(((at, key) for key, at in self._times.items() if key[0] is what), default=None)

    def at(self, key: DueKey) -> int | None:
        """When it is due, if it is."""
        return self._times.get(key)

    def __contains__(self, key: DueKey) -> bool:
        return key in self._times

    def __bool__(self) -> bool:
        return bool(self._times)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Agenda) and self._times == other._times

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return f"Agenda({self._times})"

    def _rebuild(self) -> None:
        self._heap = [(at, key) for key, at in self._times.items()]
        heapify(self._heap)
