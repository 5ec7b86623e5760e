"""Which moves there are.

Three small machines: a saga, the forward path of a step, and its undo. An event either has a row here for the state it
meets or it is illegal there; nothing else in the engine decides about states. Code elsewhere may ask what state
something is in; only `moved` changes one.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from coordinator.engine.status import Status
from coordinator.history.children import SagaReopened
from coordinator.history.endings import (
    SagaCompensated,
    SagaCompleted,
    SagaFailed,
    SagaPartiallyCompensated,
    SagaTerminated,
)
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked
from coordinator.history.people import SagaPaused
from coordinator.history.rounds import SagaContinued
from coordinator.history.steps import (
    StepAbandoned,
    StepAttemptFailed,
    StepFailed,
    StepHeld,
    StepProgressed,
    StepProgressedLate,
    StepRefused,
    StepRetried,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.undos import (
    CompensationStarted,
    UndoAttemptFailed,
    UndoGivenUp,
    UndoHeld,
    UndoIssued,
    UndoProgressed,
    UndoRetried,
    UndoSkipped,
    UndoSucceeded,
)

State = TypeVar("State", bound=StrEnum)


class Forward(StrEnum):
    """The forward path of a step."""

    PENDING = "pending"
    """An attempt is out."""
    WAITING = "waiting"
    """Between two attempts."""
    HELD = "held"
    """Its budget is used up: it is tried again when a signal comes, or when a person says so."""
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ABANDONED = "abandoned"
    REGISTERED = "registered"
    """It has none: nothing is done before it is undone, and what is done then the saga said itself."""


class Back(StrEnum):
    """The undo of a step."""

    NONE = "none"
    PENDING = "pending"
    WAITING = "waiting"
    HELD = "held"
    """Its budget is used up, and it waits for a signal."""
    DONE = "done"
    GIVEN_UP = "given_up"
    SKIPPED = "skipped"
    """A person decided against it."""


IN_FLIGHT = frozenset({Forward.PENDING, Forward.WAITING, Forward.HELD})
UNKNOWN = frozenset({Forward.FAILED, Forward.TIMED_OUT, Forward.ABANDONED})
"""Something may have happened. FAILED is among them: an earlier attempt may have had its effect."""
UNDOING = frozenset({Back.PENDING, Back.WAITING, Back.HELD})
SETTLED_BACK = frozenset({Back.NONE, Back.DONE, Back.SKIPPED})
"""No undo is under way, nor does one wait for a person."""

SAGA_MOVES: Mapping[tuple[Status, type[Event]], Status] = {
    (Status.RUNNING, SagaCompleted): Status.COMPLETED,
    (Status.RUNNING, SagaContinued): Status.RUNNING,
    (Status.RUNNING, CompensationStarted): Status.COMPENSATING,
    (Status.RUNNING, SagaParked): Status.PARKED,
    (Status.RUNNING, SagaPaused): Status.PAUSED,
    (Status.RUNNING, SagaTerminated): Status.TERMINATED,
    (Status.COMPENSATING, SagaCompensated): Status.COMPENSATED,
    (Status.COMPENSATING, SagaFailed): Status.FAILED,
    (Status.COMPENSATING, SagaPartiallyCompensated): Status.PARTIALLY_COMPENSATED,
    (Status.COMPENSATING, SagaParked): Status.PARKED,
    (Status.COMPENSATING, SagaPaused): Status.PAUSED,
    (Status.COMPENSATING, SagaTerminated): Status.TERMINATED,
    (Status.PARKED, CompensationStarted): Status.COMPENSATING,
    (Status.PARKED, SagaParked): Status.PARKED,
    (Status.PARKED, SagaTerminated): Status.TERMINATED,
    (Status.PAUSED, SagaTerminated): Status.TERMINATED,
    (Status.COMPLETED, SagaReopened): Status.COMPENSATING,
    # (Status.PARKED, SagaResumed) and (Status.PAUSED, SagaUnpaused) lead to where it stood: see evolve.py.
}

FORWARD_MOVES: Mapping[tuple[Forward, type[Event]], Forward] = {
    (Forward.PENDING, StepAttemptFailed): Forward.WAITING,
    (Forward.PENDING, StepProgressed): Forward.PENDING,
    (Forward.PENDING, StepProgressedLate): Forward.PENDING,
    (Forward.WAITING, StepProgressedLate): Forward.WAITING,
    (Forward.HELD, StepProgressedLate): Forward.HELD,
    (Forward.WAITING, StepRetried): Forward.PENDING,
    (Forward.PENDING, StepSucceeded): Forward.SUCCEEDED,
    (Forward.WAITING, StepSucceeded): Forward.SUCCEEDED,
    (Forward.PENDING, StepRefused): Forward.REFUSED,
    (Forward.WAITING, StepRefused): Forward.REFUSED,
    (Forward.PENDING, StepFailed): Forward.FAILED,
    (Forward.PENDING, StepTimedOut): Forward.TIMED_OUT,
    (Forward.PENDING, StepAbandoned): Forward.ABANDONED,
    (Forward.WAITING, StepAbandoned): Forward.ABANDONED,
    (Forward.PENDING, StepHeld): Forward.HELD,
    (Forward.HELD, StepRetried): Forward.PENDING,
    (Forward.HELD, StepSucceeded): Forward.SUCCEEDED,
    (Forward.HELD, StepRefused): Forward.REFUSED,
    (Forward.HELD, StepAbandoned): Forward.ABANDONED,
}

BACK_MOVES: Mapping[tuple[Back, type[Event]], Back] = {
    (Back.NONE, UndoIssued): Back.PENDING,
    (Back.PENDING, UndoAttemptFailed): Back.WAITING,
    (Back.WAITING, UndoRetried): Back.PENDING,
    (Back.PENDING, UndoProgressed): Back.PENDING,
    (Back.PENDING, UndoSucceeded): Back.DONE,
    (Back.WAITING, UndoSucceeded): Back.DONE,
    (Back.PENDING, UndoHeld): Back.HELD,
    (Back.HELD, UndoRetried): Back.PENDING,
    (Back.HELD, UndoSucceeded): Back.DONE,
    (Back.HELD, UndoSkipped): Back.SKIPPED,
    (Back.PENDING, UndoGivenUp): Back.GIVEN_UP,
    (Back.GIVEN_UP, UndoRetried): Back.PENDING,
    (Back.GIVEN_UP, UndoSucceeded): Back.DONE,
    (Back.PENDING, UndoSkipped): Back.SKIPPED,
    (Back.WAITING, UndoSkipped): Back.SKIPPED,
    (Back.GIVEN_UP, UndoSkipped): Back.SKIPPED,
}


class IllegalMove(Exception):
    """An event met a state that has no row for it. Nothing was changed."""

    def __init__(self, what: str, state: str, event: Event) -> None:
        super().__init__(f"{what} is {state}: {type(event).__name__} cannot happen to it.")


def moved(
    moves: Mapping[tuple[State, type[Event]], State], state: State, event: Event, what: str, number: int | None = None
) -> State:
    """The state after the event. Raises IllegalMove, about ``what``, or that one of the saga's with the number."""
    after = moves.get((state, type(event)))
    if after is None:
        raise IllegalMove(what if number is None else f"{what} {number}", state, event)
    return after
