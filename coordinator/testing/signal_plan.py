"""How a test says which signals come, and when."""

from collections.abc import Callable
from typing import Any

import msgspec

from contracts.durations import Duration, milliseconds
from contracts.values import write_value


class PlannedSignal(msgspec.Struct, eq=False):
    """One signal that is to come."""

    value: msgspec.Raw
    after_ms: int = 0
    """So long after the code has begun to wait for it."""
    too_late: bool = False
    """Nobody is to wait for it any more when it comes."""
    taken: bool = False
    """The code had it, in some run of the test."""
    missed: bool = False
    """It came and nobody waited for it, in some run of the test."""

    @property
    def reached(self) -> bool:
        """Whether it came as it was to."""
        return self.missed if self.too_late else self.taken

    def __str__(self) -> str:
        """As it stands in the test."""
        return "comes_too_late(…)" if self.too_late else "comes(…)"


class SignalPlan:
    """The signals of one name in this test. Made by ``saga.signal(…)``.

    They come one after another, each when the saga's code waits for one, in every saga of the test that does; what
    nobody waits for is not sent. After the last, none come.
    """

    def __init__(self, plan: list[PlannedSignal], changed: Callable[[], None]) -> None:
        self._plan = plan
        self._changed = changed

    def comes(self, value: Any = None, *, after: Duration = 0) -> "SignalPlan":
        """It comes as soon as the code waits for it, or ``after`` that time, and must be taken.

        Raises UnreadableValue for what JSON cannot hold; a value that does not fit raises it when it is sent.
        """
        return self._then(PlannedSignal(write_value(value), milliseconds(after)))

    def comes_too_late(self, value: Any = None, *, after: Duration) -> "SignalPlan":
        """It comes so long ``after`` the code has begun to wait for it that nobody waits any more."""
        return self._then(PlannedSignal(write_value(value), milliseconds(after), too_late=True))

    def _then(self, planned: PlannedSignal) -> "SignalPlan":
        self._plan.append(planned)
        self._changed()
        return self
