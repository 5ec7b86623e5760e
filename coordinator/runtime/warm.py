"""The sagas kept in memory between two activations."""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from coordinator.runtime.lengths import Length
from coordinator.runtime.machines import SagaMachine
from coordinator.runtime.observed_steps import ObservedSteps

ASLEEP_MS = 60_000
"""A saga with nothing to do for longer is asleep: it is the first to leave the memory."""
COLD_AFTER_MS = 10_000
"""It leaves when nothing has come for it for so long: sooner, one that waits for an answer would be loaded again."""
_ASLEEP_SHARE = 4
"""Those asleep take one place of so many at most: what memory they took once, the allocator seldom gives back."""
_HANDFUL = 500


class WarmSaga(msgspec.Struct):
    """A machine, what its saga row says, and what is followed of it."""

    machine: SagaMachine
    row_wake_at: int | None
    shard: int
    steps: ObservedSteps
    length: Length = msgspec.field(default_factory=Length)


class WarmSagas:
    """At most ``limit`` sagas; those that sleep leave first, then those that were not used for longest.

    100,000 that fall asleep within a minute leave nothing behind but the places that a quarter of ``limit`` took.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sagas: OrderedDict[str, WarmSaga] = OrderedDict()
        """Those awake stand in the order in which they were used."""
        self._asleep: OrderedDict[str, int] = OrderedDict()
        """Since when, in that order."""

    def __len__(self) -> int:
        return len(self._sagas)

    def __contains__(self, saga_id: str) -> bool:
        return saga_id in self._sagas

    def get(self, saga_id: str) -> WarmSaga | None:
        """The saga, if it is warm."""
        return self._sagas.get(saga_id)

    def keep(self, saga_id: str, saga: WarmSaga, wake_at: int | None, now: int) -> None:
        """Keeps it as the one used last."""
        self._sagas[saga_id] = saga
        if wake_at is None or wake_at > now + ASLEEP_MS:
            self._asleep[saga_id] = now
            self._asleep.move_to_end(saga_id)
        else:
            self._asleep.pop(saga_id, None)
            self._sagas.move_to_end(saga_id)
        if len(self._sagas) > self._limit or len(self._asleep) > self._limit // _ASLEEP_SHARE:
            self.drop(next(iter(self._asleep or self._sagas)))

    def drop(self, saga_id: str) -> None:
        """Forgets it; the next activation loads it."""
        self._sagas.pop(saga_id, None)
        self._asleep.pop(saga_id, None)

    def cool(self, now: int) -> bool:
        """Forgets a handful of those that have slept for a while; whether there are more."""
        for _ in range(_HANDFUL):
            if not self._asleep or next(iter(self._asleep.values())) > now - COLD_AFTER_MS:
                return False
            self.drop(next(iter(self._asleep)))
        return True

    def retain(self, owns: Callable[[int], bool]) -> None:
        """Forgets those whose shard is not ours any more."""
        for saga_id in [saga_id for saga_id, saga in self._sagas.items() if not owns(saga.shard)]:
            self.drop(saga_id)
