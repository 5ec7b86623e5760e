"""The sagas kept in memory between two activations."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from coordinator.history.events import Event
from coordinator.runtime.machines import SagaMachine

ASLEEP_MS = 60_000
"""A saga with nothing to do for longer is the first to leave the memory."""


class WarmSaga:
    """A machine, and what its saga row says."""

    __slots__ = ("last_row", "machine", "row_wake_at")

    def __init__(self, machine: SagaMachine, row_wake_at: int | None, last_row: Sequence[Event] = ()) -> None:
        self.machine = machine
        self.row_wake_at = row_wake_at
        self.last_row = last_row
        """The events of the last row it was rebuilt from, until its next decision is committed."""


class WarmSagas:
    """At most ``limit`` sagas; those that were not used for longest leave first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sagas: OrderedDict[str, WarmSaga] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sagas)

    def __contains__(self, saga_id: str) -> bool:
        return saga_id in self._sagas

    def get(self, saga_id: str) -> WarmSaga | None:
        """The saga, if it is warm."""
        return self._sagas.get(saga_id)

    def keep(self, saga_id: str, saga: WarmSaga, wake_at: int | None, now: int) -> None:
        """Keeps it as the one used last; or as the first to go, if it sleeps for long."""
        self._sagas[saga_id] = saga
        asleep = wake_at is None or wake_at > now + ASLEEP_MS
        self._sagas.move_to_end(saga_id, last=not asleep)
        if len(self._sagas) > self._limit:
            self._sagas.popitem(last=False)

    def drop(self, saga_id: str) -> None:
        """Forgets it; the next activation loads it."""
        self._sagas.pop(saga_id, None)

    def retain(self, owns: Callable[[str], bool]) -> None:
        """Forgets those that are not ours any more."""
        for saga_id in [saga_id for saga_id in self._sagas if not owns(saga_id)]:
            del self._sagas[saga_id]
