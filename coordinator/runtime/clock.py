"""Time in milliseconds that does not jump when somebody sets the clock."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns milliseconds since 1970."""

_FASTEST = 0.05
"""The share by which the steady clock may run fast or slow while it follows the wall clock."""


def _wall_ms() -> float:
    return time.time_ns() / 1e6


def _elapsed_ms() -> float:
    """Milliseconds of real time; a suspended machine counts where the system can tell (T3)."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME) * 1e3
    return time.monotonic() * 1e3


class SteadyClock:
    """Starts at the wall clock and goes on with the monotonic one.

    A step of the wall clock is followed at 5 % of real time, so a timeout of 20 s never comes before 19 s, whatever is
    done to the clock meanwhile (T1), and five minutes are made good in less than two hours. It never goes back.
    """

    def __init__(self, wall: Callable[[], float] = _wall_ms, elapsed: Callable[[], float] = _elapsed_ms) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._now = wall()
        self._read = elapsed()

    def __call__(self) -> int:
        """Milliseconds since 1970."""
        read = self._elapsed()
        passed = max(0.0, read - self._read)
        self._read = read
        behind = self._wall() - (self._now + passed)
        self._now += passed + min(max(behind, -passed * _FASTEST), passed * _FASTEST)
        return int(self._now)
