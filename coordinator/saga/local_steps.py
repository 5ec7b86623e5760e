"""What the body of a local step can know about its run: ``current_step()``."""

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec

from contracts.failures import Problem
from contracts.values import read_as, write_value

T = TypeVar("T")
Told = Callable[[Any], Coroutine[Any, Any, None]]
"""Has the progress kept, given as JSON, and returns when it is."""
Left = Callable[[], float | None]
"""Seconds until the attempt's deadline."""


@dataclass(frozen=True, slots=True)
class LocalStep:
    """One run of a body: of a command of a local contract, or of its undo."""

    command_id: str
    """The same on every attempt, and whenever the body is run again; an undo's ends in ``:undo``. The key to give
    to whoever is called outside, so that what is asked twice is done once."""
    saga_id: str
    definition: str
    """The saga's definition."""
    attempt: int
    """From 1. After a crash the same attempt may be run again."""
    direction: Literal["forward", "undo"]
    traceparent: str | None
    """W3C Trace Context of the step's span."""
    cause: Problem | None
    """Of an undo: why the saga goes back."""
    _progress: bytes | None = field(repr=False)
    _told: Told = field(repr=False)
    _left: Left = field(repr=False)

    @property
    def seconds_left(self) -> float | None:
        """Until the body is cancelled, as things are now; never negative. None: no end is set, as in a pause.

        Give it to whoever is called as a timeout, so that it is your code that says what then.
        """
        return self._left()

    def last_progress(self, kind: type[T]) -> T | None:
        """What ``progress`` was told last: by an earlier attempt, or by this one before a crash; None: nothing.

        Raises UnreadableValue when it is not of this type: a later release may have to read what an earlier one told.
        """
        return None if self._progress is None else read_as(self._progress, msgspec.json.Decoder(kind))

    async def progress(self, details: Any = None) -> None:
        """Still at it: from here on, the command's timeout begins anew. Returns when the history has it.

        ``details`` is any value that JSON can hold: how far it got, for ``last_progress`` of the next run; None takes
        nothing back. An undo has no progress: nothing happens. Raises UnreadableValue, OversizedValue.
        """
        value = write_value(details)
        if self.direction == "forward":
            await self._told(value)


class OutsideOfLocalStep(RuntimeError):
    """Something asked for the local step that runs, and none does."""


CURRENT_STEP: ContextVar[LocalStep] = ContextVar("amends_local_step")
"""Set for each run of a body."""


def current_step() -> LocalStep:
    """The local step whose body runs. Raises OutsideOfLocalStep elsewhere."""
    try:
        return CURRENT_STEP.get()
    except LookupError:
        raise OutsideOfLocalStep(
            "current_step() can only be asked by the body of a local step, while the coordinator runs it."
        ) from None
