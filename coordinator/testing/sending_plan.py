"""How a test says which signals and updates come, and when."""

from collections.abc import Callable
from typing import Any, Self

import msgspec

from contracts.durations import Duration, milliseconds
from contracts.values import write_value


class PlannedSending(msgspec.Struct, eq=False):
    """One signal or update that is to come."""

    value: msgspec.Raw
    after_ms: int = 0
    too_late: bool = False
    """Nobody is to take it any more when it comes."""
    taken: bool = False
    """The code had it, in some run of the test."""
    missed: bool = False
    """It came and was not taken, in some run of the test."""
    why_missed: str = ""
    """Of an update: what its sender was told."""

    @property
    def reached(self) -> bool:
        """Whether it came as it was to."""
        return self.missed if self.too_late else self.taken

    def __str__(self) -> str:
        """As it stands in the test."""
        return "comes_too_late(…)" if self.too_late else "comes(…)"


class SendingPlan:
    """Those of one name in this test. After the last, none come."""

    def __init__(self, plan: list[PlannedSending], changed: Callable[[], None]) -> None:
        self._plan = plan
        self._changed = changed

    def comes(self, value: Any = None, *, after: Duration = 0) -> Self:
        """It comes at its turn, or ``after`` that time, and must be taken.

        Raises UnreadableValue for what JSON cannot hold; a value that does not fit raises it when it is sent.
        """
        return self._then(PlannedSending(write_value(value), milliseconds(after)))

    def comes_too_late(self, value: Any = None, *, after: Duration) -> Self:
        """It comes so long ``after`` its turn that it is not taken any more."""
        return self._then(PlannedSending(write_value(value), milliseconds(after), too_late=True))

    def _then(self, planned: PlannedSending) -> Self:
        self._plan.append(planned)
        self._changed()
        return self


class SignalPlan(SendingPlan):
    """The signals of one name in this test. Made by ``saga.signal(…)``.

    They come one after another, each when the saga's code waits for one, in every saga of the test that does; what
    nobody waits for is not sent.
    """


class UpdatePlan(SendingPlan):
    """The updates of one name in this test. Made by ``saga.update(…)``.

    They come one after another, the first at the saga's start and each other when the one before has come, to every
    saga of the test that declares them. What a check refuses, or comes when none are taken any more, is not taken.
    """
