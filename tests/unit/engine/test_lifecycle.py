"""The tables of moves: nothing stands in them that cannot happen, and nothing happens that does not stand in them."""

import copy
from collections.abc import Callable
from typing import Any, get_args

import pytest

from contracts import Kind, Problem
from coordinator.engine.agenda import Due
from coordinator.engine.evolve import evolve
from coordinator.engine.lifecycle import BACK_MOVES, FORWARD_MOVES, IN_FLIGHT, SAGA_MOVES, Back, Forward, IllegalMove
from coordinator.engine.state import SagaState, Step
from coordinator.engine.status import ENDED, Status
from coordinator.history.children import SagaReopened, UndoRequested
from coordinator.history.deadlines import DeadlineExtended
from coordinator.history.endings import (
    SagaCompensated,
    SagaCompleted,
    SagaFailed,
    SagaPartiallyCompensated,
    SagaTerminated,
)
from coordinator.history.events import Event
from coordinator.history.parking import ReplyDeferred, SagaParked, SagaResumed
from coordinator.history.patches import PatchTaken
from coordinator.history.people import SagaPaused, SagaUnpaused, StepSeenTo
from coordinator.history.rounds import Begun, SagaContinued
from coordinator.history.scopes import ScopeOpened, ScopeUndone, ScopeUndoStarted
from coordinator.history.shown import AttributesSet, StatusSet
from coordinator.history.signals import (
    SignalAbandoned,
    SignalAwaited,
    SignalDeferred,
    SignalHeeded,
    SignalReceived,
    SignalTaken,
)
from coordinator.history.started import SagaStarted
from coordinator.history.steps import (
    StepAbandoned,
    StepAttemptFailed,
    StepFailed,
    StepHeld,
    StepIssued,
    StepProgressed,
    StepProgressedLate,
    StepRefused,
    StepRetried,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.timers import TimerCancelled, TimerFired, TimerStarted
from coordinator.history.undos import (
    CancelRequested,
    CompensationStarted,
    UndoAttemptFailed,
    UndoGivenUp,
    UndoHeld,
    UndoIssued,
    UndoProgressed,
    UndoRegistered,
    UndoRetried,
    UndoSkipped,
    UndoSucceeded,
)
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused
from tests.unit.engine.stories import STORIES

NO = Problem("no")
NULL: Any = b"null"
SAMPLES: dict[type[Event], Event] = {
    type(event): event
    for event in (
        SagaStarted("s", 1, NULL, 1),
        SagaContinued(2, 3, "s", 1, NULL, NULL, 1, 4),
        StepIssued(1, "shop.take", NULL, Kind.COMPENSATABLE, True, 1, 9),
        StepAttemptFailed(1, 1, NO, 1, 9),
        StepRetried(1, 2, 1, 9),
        StepHeld(1, 1, NO, 1, "again"),
        StepProgressed(1, 1, 1, NULL, 9),
        StepProgressedLate(1, 1, 1, NULL),
        StepSucceeded(1, 1, NULL, 1),
        StepRefused(1, 1, NO, 1),
        StepFailed(1, 1, NO, 1),
        StepTimedOut(1, 1, NO, 1),
        StepAbandoned(1, 1),
        TimerStarted(1, 1, 9),
        TimerFired(1, 9),
        TimerCancelled(1, 1),
        SignalReceived(1, "note", "id", NULL, 1),
        SignalHeeded("again", "id", 1),
        SignalAwaited(1, "note", 1),
        SignalTaken(1, 1),
        SignalAbandoned(1, 1),
        PatchTaken("change", 1),
        StatusSet("waiting", 1),
        AttributesSet({"customer": "C-7", "gone": None}, 1),
        ScopeOpened(1, 1),
        ScopeUndoStarted(1, NO, 1),
        ScopeUndone(1, 1),
        DeadlineExtended(9, 1, 9),
        UpdateAccepted(1, "move", "id", NULL, 1),
        UpdateAnswered(1, NULL, 1),
        UpdateRefused(1, NO, 1),
        CancelRequested(NO, 1),
        CompensationStarted(NO, 1),
        UndoRegistered(1, "shop.take", NULL, 1),
        UndoIssued(1, 1, 9),
        UndoAttemptFailed(1, 1, NO, 1, 9),
        UndoRetried(1, 2, 1, 9),
        UndoProgressed(1, 1, 1, 9),
        UndoSucceeded(1, 1, 1),
        UndoHeld(1, 1, NO, 1, "again"),
        UndoGivenUp(1, 1, NO, 1),
        SagaCompleted(NULL, 1),
        SagaCompensated(1),
        SagaPartiallyCompensated(1),
        SagaTerminated("why", 1),
        SagaPaused("why", 1),
        SagaUnpaused("why", 1),
        StepSeenTo(1, "retry_step", "why", 1),
        UndoRequested(NO, 1, 1),
        SagaReopened(NO, 1, 1),
        UndoSkipped(1, "why", 1),
        SagaFailed(1),
        SagaParked("code", "why", 1),
        SagaResumed(1),
        ReplyDeferred("s:1:1", 1, "succeeded", NULL, 1),
        SignalDeferred("note", "id", NULL, 1),
    )
}
"""One of each event."""
FORWARD_EVENTS = list(dict.fromkeys(event for _, event in FORWARD_MOVES))
BACK_EVENTS = list(dict.fromkeys(event for _, event in BACK_MOVES))
SAGA_EVENTS = list(dict.fromkeys(event for _, event in SAGA_MOVES))


def moves_of(history: list[Event]) -> set[tuple[str, type[Event]]]:
    """All moves that happen in a history: of the saga, its steps and their undos."""
    state = SagaState()
    moves: set[tuple[str, type[Event]]] = set()
    for event in history:
        step = state.steps.get(getattr(event, "step", 0))
        moves.add((state.status, type(event)))
        if step is not None:
            moves |= {(f"forward {step.forward}", type(event)), (f"back {step.back}", type(event))}
        evolve(state, event)
    return moves


def test_every_move_can_happen() -> None:
    """Each row of the three tables happens in one of the stories: none stands there for nothing."""
    seen = set[tuple[str, type[Event]]]().union(*(moves_of(story().history) for story in STORIES))
    rows = [
        *SAGA_MOVES,
        *((f"forward {state}", event) for state, event in FORWARD_MOVES),
        *((f"back {state}", event) for state, event in BACK_MOVES),
    ]
    assert [row for row in rows if row not in seen] == []


def test_there_is_a_sample_of_every_event() -> None:
    """The tests below leave no event out."""
    assert set(SAMPLES) == set(get_args(Event))


def refused(state: SagaState, event: Event) -> None:
    before = copy.deepcopy(state)
    with pytest.raises(IllegalMove):
        evolve(state, event)
    assert state == before


def standing(status: Status, forward: Forward = Forward.PENDING, back: Back = Back.NONE) -> SagaState:
    """A saga with one step, which stands there."""
    state = SagaState(definition="s", version=1, status=status)
    state.steps[1] = Step(1, "shop.take", b"null", Kind.COMPENSATABLE, True, forward=forward, back=back)
    if forward in IN_FLIGHT:
        state.in_flight.add(1)
    state.due.put((Due.STEP, 1), 5)
    return state


@pytest.mark.parametrize(
    ("status", "event"), [(s, e) for s in Status for e in SAGA_EVENTS if (s, e) not in SAGA_MOVES], ids=str
)
def test_a_saga_makes_no_other_move(status: Status, event: type[Event]) -> None:
    """An event without a row for the saga's status changes nothing, and says so."""
    refused(standing(status), SAMPLES[event])


@pytest.mark.parametrize(
    ("forward", "event"), [(f, e) for f in Forward for e in FORWARD_EVENTS if (f, e) not in FORWARD_MOVES], ids=str
)
def test_a_step_makes_no_other_move(forward: Forward, event: type[Event]) -> None:
    """An event without a row for the step's state changes nothing, and says so."""
    refused(standing(Status.RUNNING, forward), SAMPLES[event])


@pytest.mark.parametrize(
    ("back", "event"), [(b, e) for b in Back for e in BACK_EVENTS if (b, e) not in BACK_MOVES], ids=str
)
def test_an_undo_makes_no_other_move(back: Back, event: type[Event]) -> None:
    """An event without a row for the undo's state changes nothing, and says so."""
    refused(standing(Status.COMPENSATING, Forward.SUCCEEDED, back), SAMPLES[event])


@pytest.mark.parametrize("event", SAMPLES.values(), ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("status", sorted(ENDED))
def test_nothing_happens_after_the_end(status: Status, event: Event) -> None:
    """A history has one ending, and nothing behind it."""
    refused(standing(status), event)


@pytest.mark.parametrize("event", SAMPLES.values(), ids=lambda event: type(event).__name__)
def test_a_saga_begins_once_and_first(event: Event) -> None:
    """Only saga_started, or what begins a later round, can be the first event; and neither while a step is out."""
    if isinstance(event, Begun):
        refused(standing(Status.RUNNING), event)
    else:
        refused(SagaState(), event)


def going_back(state: SagaState) -> SagaState:
    state.status, state.cause = Status.COMPENSATING, NO
    return state


@pytest.mark.parametrize(
    ("make", "event"),
    [
        (lambda: going_back(standing(Status.RUNNING)), SAMPLES[StepIssued]),
        (lambda: going_back(standing(Status.RUNNING)), SAMPLES[UndoRegistered]),
        (lambda: going_back(standing(Status.RUNNING)), SAMPLES[UndoIssued]),
        (lambda: going_back(standing(Status.RUNNING, Forward.REFUSED)), SAMPLES[UndoIssued]),
        (lambda: standing(Status.RUNNING, Forward.SUCCEEDED), SAMPLES[UndoIssued]),
        (lambda: standing(Status.RUNNING), SAMPLES[SagaResumed]),
    ],
    ids=[
        "step while going back",
        "registered while going back",
        "undo in flight",
        "undo of a refusal",
        "undo going forward",
        "resume running",
    ],
)
def test_other_moves_that_cannot_happen(make: Callable[[], SagaState], event: Event) -> None:
    """What the tables cannot say is refused likewise."""
    refused(make(), event)
