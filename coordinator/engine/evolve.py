"""How one event changes the state. Total: every event has its case, and none is decided here."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contracts.failures import Cause, Problem
from coordinator.engine.agenda import DEADLINE, Due
from coordinator.engine.evolve_messages import MESSAGE_CHANGES
from coordinator.engine.evolve_rounds import continued
from coordinator.engine.evolve_scopes import SCOPE_CHANGES
from coordinator.engine.evolve_shown import SHOWN_CHANGES
from coordinator.engine.evolve_steps import STEP_CHANGES
from coordinator.engine.lifecycle import SAGA_MOVES, Forward, IllegalMove, moved
from coordinator.engine.outcome import parked_problem, problem_outcome, result_outcome
from coordinator.engine.shown import Shown
from coordinator.engine.state import ParentStep, SagaState
from coordinator.engine.status import Status
from coordinator.history.children import SagaReopened, UndoRequested
from coordinator.history.deadlines import DeadlineExtended
from coordinator.history.endings import (
    SagaCompensated,
    SagaCompleted,
    SagaEnded,
    SagaFailed,
    SagaPartiallyCompensated,
    SagaTerminated,
)
from coordinator.history.events import Event
from coordinator.history.parking import ReplyDeferred, SagaParked, SagaResumed
from coordinator.history.patches import PatchTaken
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.rounds import SagaContinued
from coordinator.history.signals import SignalDeferred
from coordinator.history.started import SagaStarted
from coordinator.history.timers import TimerCancelled, TimerFired, TimerStarted
from coordinator.history.undos import CancelRequested, CompensationStarted


def evolve(state: SagaState, event: Event) -> None:
    """Applies the event. Raises IllegalMove, and then the state is what it was."""
    kind = type(event)
    if state.status.ended or not state.definition or kind is SagaStarted:
        _check_under_way(state, event)
    _CHANGES[kind](state, event)


def _check_under_way(state: SagaState, event: Event) -> None:
    """Nothing happens before a saga begins, or once it has ended; and it begins once."""
    ended = state.status.ended and not isinstance(event, SagaReopened)
    begins = isinstance(event, SagaStarted)
    if ended or (begins is bool(state.definition) and not isinstance(event, SagaContinued)):
        raise IllegalMove("The saga", state.status if state.definition else "not begun", event)


def evolved(log: Iterable[Event]) -> SagaState:
    """What all these events amount to."""
    state = SagaState()
    for event in log:
        evolve(state, event)
    return state


# --- the saga


def _started(state: SagaState, event: SagaStarted) -> None:
    state.definition, state.version, state.input = event.definition, event.version, bytes(event.input)
    state.traceparent = event.traceparent
    state.moves = 1
    if event.attributes is not None:
        state.shown = Shown(attributes=event.attributes)
    if event.deadline is not None:
        state.due.put(DEADLINE, event.deadline)
    if event.parent is not None:
        state.parent = ParentStep.of(event.parent)


def _deadline_extended(state: SagaState, event: DeadlineExtended) -> None:
    state.due.put(DEADLINE, event.due)


def _cancel_requested(state: SagaState, event: CancelRequested | UndoRequested) -> None:
    state.cancel = event.cause
    state.due.remove(DEADLINE)


def _undo_requested(state: SagaState, event: UndoRequested) -> None:
    """Where it goes back already, or is to, that is all that its parent wants."""
    if state.parent is None or state.parent.undo_attempt:
        raise IllegalMove("The saga", "nobody's child, or being undone for its parent", event)
    state.parent.undo_attempt = event.attempt
    if state.cause is None and state.cancel is None:
        _cancel_requested(state, event)


def _compensation_started(state: SagaState, event: CompensationStarted) -> None:
    _turned(state, event, event.sort)


def _turned(state: SagaState, event: CompensationStarted | SagaReopened, sort: Cause | None) -> None:
    """Whatever is still out has an unknown outcome from here on; only undos can be due."""
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    state.moves += 1
    state.cause, state.sort, state.cancel = event.cause, sort, None
    state.parked_for, state.parked_message, state.outcome, state.deferred = None, "", None, {}
    for number in sorted(state.in_flight, reverse=True):
        step = state.steps[number]
        step.forward = Forward.ABANDONED
        if step.unknown:
            state.to_undo.append(number)
    state.in_flight.clear()
    state.pivots = frozenset()
    state.due.keep(lambda key: key[0] is Due.UNDO)
    if state.shown is not None:  # nobody would change it any more
        state.shown = state.shown.with_line("")
    for none_any_more in (state.signals.waits, state.updates.open, state.scopes.undoing):
        none_any_more.clear()


def _reopened(state: SagaState, event: SagaReopened) -> None:
    if state.parent is None or state.forward_only:
        raise IllegalMove("The saga", "nobody's child, or past its point of no return", event)
    _turned(state, event, "cancelled")
    state.parent.undo_attempt, state.parent.reopened = event.attempt, True


def _parked(state: SagaState, event: SagaParked) -> None:
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    state.moves += 1
    state.parked_for, state.parked_message = event.why, event.message
    state.outcome = problem_outcome(parked_problem(event.why, event.message))


def _resumed(state: SagaState, event: SagaResumed) -> None:
    if state.status is not Status.PARKED:
        raise IllegalMove("The saga", state.status, event)
    state.status = Status.RUNNING if state.cause is None else Status.COMPENSATING
    state.moves += 1
    state.parked_for, state.parked_message, state.outcome, state.deferred = None, "", None, {}


def _deferred(state: SagaState, event: ReplyDeferred) -> None:
    state.deferred[event.command_id, event.answer] = event


def _signal_deferred(state: SagaState, event: SignalDeferred) -> None:
    state.deferred["signal", event.id] = event


def _paused(state: SagaState, event: SagaPaused) -> None:
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    state.moves += 1
    state.paused_at = event.at


def _unpaused(state: SagaState, event: SagaUnpaused) -> None:
    if state.paused_at is None:
        raise IllegalMove("The saga", state.status, event)
    state.status = Status.RUNNING if state.cause is None else Status.COMPENSATING
    state.moves += 1
    stood_still = event.at - state.paused_at
    state.due.shift(stood_still)
    for number in state.in_flight:
        state.steps[number].since += stood_still
    for number in state.undoing:
        state.steps[number].undo_since += stood_still
    state.paused_at, state.deferred = None, {}


def _ended(state: SagaState, event: SagaEnded) -> None:
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    state.moves += 1
    match event:
        case SagaCompleted(result):
            state.outcome = result_outcome(result)
        case SagaTerminated(reason):
            state.outcome = problem_outcome(Problem(type="terminated", message=reason))
        case _:
            state.outcome = problem_outcome(state.cause, state.sort)
    state.parked_for, state.paused_at = None, None
    state.due.clear()


def _patch_taken(state: SagaState, event: PatchTaken) -> None:
    state.patches |= {event.name}


# --- timers


def _timer_started(state: SagaState, event: TimerStarted) -> None:
    state.timers = event.timer
    state.due.put((Due.TIMER, event.timer), event.due)


def _timer_over(state: SagaState, event: TimerFired | TimerCancelled) -> None:
    state.due.remove((Due.TIMER, event.timer))


_CHANGES: Mapping[type[Event], Callable[[SagaState, Any], None]] = {
    SagaStarted: _started,
    SagaContinued: continued,
    DeadlineExtended: _deadline_extended,
    CancelRequested: _cancel_requested,
    CompensationStarted: _compensation_started,
    UndoRequested: _undo_requested,
    SagaReopened: _reopened,
    SagaParked: _parked,
    SagaResumed: _resumed,
    ReplyDeferred: _deferred,
    SignalDeferred: _signal_deferred,
    SagaCompleted: _ended,
    SagaCompensated: _ended,
    SagaPartiallyCompensated: _ended,
    SagaFailed: _ended,
    SagaTerminated: _ended,
    SagaPaused: _paused,
    SagaUnpaused: _unpaused,
    TimerStarted: _timer_started,
    TimerFired: _timer_over,
    TimerCancelled: _timer_over,
    PatchTaken: _patch_taken,
    **STEP_CHANGES,
    **MESSAGE_CHANGES,
    **SCOPE_CHANGES,
    **SHOWN_CHANGES,
}
"""Every event has its change; a test counts them."""
