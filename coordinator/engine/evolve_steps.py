"""How events about steps and their undos change the state."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET

from contracts.kinds import COMPENSATABLE, PIVOT, RETRIABLE
from contracts.values import NULL
from coordinator.engine.agenda import Due
from coordinator.engine.lifecycle import BACK_MOVES, FORWARD_MOVES, UNDOING, Back, Forward, IllegalMove, moved
from coordinator.engine.state import SagaState, Step
from coordinator.history.events import Event
from coordinator.history.people import StepSeenTo
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
from coordinator.history.undos import (
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

StepEnded = StepRefused | StepFailed | StepTimedOut | StepAbandoned

# --- a step's forward path


def _issued(state: SagaState, event: StepIssued) -> None:
    if state.cause is not None:
        raise IllegalMove("The saga", state.status, event)
    number = event.step
    state.steps[number] = Step(
        number,
        event.command,
        event.arguments,
        event.kind,
        event.undoable,
        event.scope,
        event.local,
        event.override,
        event.child,
        waits_ms=event.deadline - event.at,
        since=event.at,
    )
    state.in_flight.add(number)
    state.due.put((Due.STEP, number), event.deadline)
    if event.kind is PIVOT:
        state.pivots |= {number}
    elif event.kind is RETRIABLE and not event.undoable:
        state.forward_only = True


def _attempt_failed(state: SagaState, event: StepAttemptFailed) -> None:
    step = _move(state, event)
    if not event.problem.counts:
        step.uncounted += 1
    state.due.put((Due.STEP, event.step), event.retry_at)


def _retried(state: SagaState, event: StepRetried) -> None:
    held = state.steps[event.step].forward is Forward.HELD
    step = _move(state, event)
    if held:
        step.uncounted, step.since, step.held_for = step.attempt, event.at, None
    step.attempt, step.waits_ms = event.attempt, event.deadline - event.at
    state.due.put((Due.STEP, event.step), event.deadline)


def _held(state: SagaState, event: StepHeld) -> None:
    _move(state, event).held_for = event.signal
    state.due.remove((Due.STEP, event.step))


def _progressed(state: SagaState, event: StepProgressed) -> None:
    step = _move(state, event)
    _got_further(step, event)
    if event.deadline is None:
        state.due.remove((Due.STEP, event.step))
    else:
        step.waits_ms = event.deadline - event.at
        state.due.put((Due.STEP, event.step), event.deadline)


def _progressed_late(state: SagaState, event: StepProgressedLate) -> None:
    _got_further(_move(state, event), event)


def _got_further(step: Step, event: StepProgressed | StepProgressedLate) -> None:
    """Whoever only says that it is still at it takes nothing back."""
    if event.details != NULL:
        step.progress, step.progressed_in = bytes(event.details), event.attempt


def _succeeded(state: SagaState, event: StepSucceeded) -> None:
    step = _move(state, event)
    settle(state, event.step)
    step.result = event.result
    if step.undoable:
        state.succeeded.append(event.step)
    if step.kind is PIVOT:
        state.forward_only = True


def _given_up(state: SagaState, event: StepEnded) -> None:
    step = _move(state, event)
    settle(state, event.step)
    if step.unknown:
        state.to_undo.append(event.step)


def _abandoned(state: SagaState, event: StepAbandoned) -> None:
    step = state.steps[event.step]
    if step.undoable or step.kind is COMPENSATABLE:
        _given_up(state, event)
    else:  # nothing could undo it: it goes on, though nobody waits for it
        moved(FORWARD_MOVES, step.forward, event, "Step", event.step)
        step.awaited = False


def _move(state: SagaState, event: Any) -> Step:
    step = state.steps[event.step]
    step.forward = moved(FORWARD_MOVES, step.forward, event, "Step", step.number)
    return step


def settle(state: SagaState, number: int) -> None:
    """The step is not in flight any more."""
    state.in_flight.discard(number)
    if number in state.pivots:
        state.pivots -= {number}
    state.due.remove((Due.STEP, number))


# --- a step's way back


def _undo_registered(state: SagaState, event: UndoRegistered) -> None:
    """From here on it stands in the order of what is undone, as if it were a step that succeeds at once."""
    if state.cause is not None:
        raise IllegalMove("The saga", state.status, event)
    state.steps[event.step] = Step(
        event.step,
        event.command,
        event.arguments,
        COMPENSATABLE,
        True,
        event.scope,
        event.local,
        event.override,
        event.child,
        forward=Forward.REGISTERED,
    )
    state.succeeded.append(event.step)


def _undo_issued(state: SagaState, event: UndoIssued) -> None:
    step = state.steps[event.step]
    back = moved(BACK_MOVES, step.back, event, "The undo of step", step.number)
    _take(state, step, event)
    step.back, step.undo_since = back, event.at
    _undo_sent(state, step, 1, event.deadline)


def _take(state: SagaState, step: Step, event: UndoIssued) -> None:
    """The step's undo was sent: it waits in no line any more. It stood at the front of one, or at
    the end of one; or its scope is being undone."""
    if state.to_undo and state.to_undo[0] == step.number:
        del state.to_undo[0]
    elif state.cause is not None and state.succeeded and state.succeeded[-1] == step.number:
        state.succeeded.pop()
    elif step.number in state.succeeded and state.scopes.undoing_of(step) is not None:
        state.succeeded.remove(step.number)
    else:
        raise IllegalMove(f"Step {step.number}", step.forward, event)


def _undo_attempt_failed(state: SagaState, event: UndoAttemptFailed) -> None:
    step = _move_back(state, event)
    if not event.problem.counts:
        step.undo_budget_from += 1
    state.due.put((Due.UNDO, event.step), event.retry_at)


def _undo_progressed(state: SagaState, event: UndoProgressed) -> None:
    step = _move_back(state, event)
    if event.details is not UNSET:
        step.progress = bytes(event.details)
    if event.deadline is None:
        state.due.remove((Due.UNDO, event.step))
    else:
        state.due.put((Due.UNDO, event.step), event.deadline)


def _undo_retried(state: SagaState, event: UndoRetried) -> None:
    held = state.steps[event.step].back is Back.HELD
    step = _move_back(state, event)
    if held or event.step in state.given_up:
        step.undo_budget_from, step.undo_since, step.held_for = step.undo_attempt, event.at, None
        state.given_up.discard(event.step)
    _undo_sent(state, step, event.attempt, event.deadline)


def _undo_held(state: SagaState, event: UndoHeld) -> None:
    _move_back(state, event).held_for = event.signal
    state.due.remove((Due.UNDO, event.step))


def _undo_sent(state: SagaState, step: Step, attempt: int, deadline: int) -> None:
    step.undo_attempt = attempt
    state.undoing.add(step.number)
    state.due.put((Due.UNDO, step.number), deadline)


def _undo_succeeded(state: SagaState, event: UndoSucceeded) -> None:
    _move_back(state, event)
    _undo_settled(state, event.step)
    state.given_up.discard(event.step)
    state.undone += 1


def _undo_skipped(state: SagaState, event: UndoSkipped) -> None:
    _move_back(state, event)
    _undo_settled(state, event.step)
    state.given_up.discard(event.step)
    state.skipped += 1


def _undo_given_up(state: SagaState, event: UndoGivenUp) -> None:
    _move_back(state, event)
    _undo_settled(state, event.step)
    state.given_up.add(event.step)


def _move_back(state: SagaState, event: Any) -> Step:
    step = state.steps[event.step]
    step.back = moved(BACK_MOVES, step.back, event, "The undo of step", step.number)
    return step


def _undo_settled(state: SagaState, number: int) -> None:
    state.undoing.discard(number)
    state.due.remove((Due.UNDO, number))


# --- what people do about it


def _seen_to(state: SagaState, event: StepSeenTo) -> None:
    """What a person did is told by the events behind it. Attempts by hand leave the budgets as they are."""
    step = state.steps[event.step]
    if event.act == "retry_step":
        step.uncounted += 1
    elif event.act == "retry_undo" and step.back in UNDOING:
        step.undo_budget_from += 1


STEP_CHANGES: Mapping[type[Event], Callable[[SagaState, Any], None]] = {
    StepSeenTo: _seen_to,
    StepIssued: _issued,
    StepAttemptFailed: _attempt_failed,
    StepRetried: _retried,
    StepHeld: _held,
    StepProgressed: _progressed,
    StepProgressedLate: _progressed_late,
    StepSucceeded: _succeeded,
    StepRefused: _given_up,
    StepFailed: _given_up,
    StepTimedOut: _given_up,
    StepAbandoned: _abandoned,
    UndoRegistered: _undo_registered,
    UndoIssued: _undo_issued,
    UndoAttemptFailed: _undo_attempt_failed,
    UndoRetried: _undo_retried,
    UndoProgressed: _undo_progressed,
    UndoHeld: _undo_held,
    UndoSucceeded: _undo_succeeded,
    UndoGivenUp: _undo_given_up,
    UndoSkipped: _undo_skipped,
}
