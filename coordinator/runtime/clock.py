"""Time in milliseconds: the database's, so that all coordinators have the same, and without jumps."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns milliseconds since 1970."""

_FASTEST = 0.05
"""The share by which the steady clock may run fast or slow while it follows the time that it is told."""


def _wall_ms() -> float:
    return time.time_ns() / 1e6


def _elapsed_ms() -> float:
    """Milliseconds of real time; a suspended machine counts where the system can tell (T3)."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME) * 1e3
    return time.monotonic() * 1e3


class SteadyClock:
    """Goes with the monotonic clock, from the time that it is told first.

    Until then it shows this machine's wall clock, as that was in the beginning. Whatever it is told later is followed
    at 5 % of real time, so a timeout of 20 s never comes before 19 s, whatever is done to anybody's clock meanwhile
    (T1), and five minutes are made good in less than two hours. Once told it never goes back.
    """

    def __init__(self, wall: Callable[[], float] = _wall_ms, elapsed: Callable[[], float] = _elapsed_ms) -> None:
        self._elapsed = elapsed
        self._now = wall()
        self._read = elapsed()
        self._behind = 0.0
        """What is still to be made good."""
        self.told = False
        """Whether it has ever been told the time."""

    def __call__(self) -> int:
        """Milliseconds since 1970."""
        read = self._elapsed()
        passed = max(0.0, read - self._read)
        self._read = read
        made_good = min(max(self._behind, -passed * _FASTEST), passed * _FASTEST)
        self._behind -= made_good
        self._now += passed + made_good
        return int(self._now)

    @property
    def elapsed_ms(self) -> float:
        """The monotonic clock that it goes with."""
        return self._elapsed()

    def tell(self, now: float) -> None:
        """It is ``now``, in ms since 1970."""
        self()
        if self.told:
            self._behind = now - self._now
        else:
            self._now, self.told = now, True
