"""How one event changes the state. Total: every event has its case, and none is decided here."""

from collections.abc import Callable, Mapping
from typing import Any

from contracts.failures import Problem
from contracts.kinds import Kind
from coordinator.engine.agenda import Due
from coordinator.engine.lifecycle import (
    BACK_MOVES,
    FORWARD_MOVES,
    SAGA_MOVES,
    UNDOING,
    Forward,
    IllegalMove,
    moved,
)
from coordinator.engine.outcome import problem_outcome, result_outcome
from coordinator.engine.state import SagaState, Step
from coordinator.engine.status import Status
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
from coordinator.history.people import SagaPaused, SagaUnpaused, StepSeenTo
from coordinator.history.signals import (
    SignalAbandoned,
    SignalAwaited,
    SignalDeferred,
    SignalReceived,
    SignalTaken,
)
from coordinator.history.started import SagaStarted
from coordinator.history.steps import (
    StepAbandoned,
    StepAttemptFailed,
    StepFailed,
    StepIssued,
    StepProgressed,
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
    UndoIssued,
    UndoRetried,
    UndoSkipped,
    UndoSucceeded,
)

StepEnded = StepRefused | StepFailed | StepTimedOut | StepAbandoned


def evolve(state: SagaState, event: Event) -> None:
    """Applies the event. Raises IllegalMove, and then the state is what it was."""
    if state.status.ended or (type(event) is SagaStarted) is bool(state.definition):
        raise IllegalMove("The saga", state.status if state.definition else "not begun", event)
    _CHANGES[type(event)](state, event)


# --- the saga


def _started(state: SagaState, event: SagaStarted) -> None:
    state.definition, state.version, state.input = event.definition, event.version, bytes(event.input)
    state.traceparent = event.traceparent
    if event.deadline is not None:
        state.due.put((Due.DEADLINE, 0), event.deadline)


def _cancel_requested(state: SagaState, event: CancelRequested) -> None:
    state.cancel = event.cause
    state.due.remove((Due.DEADLINE, 0))


def _compensation_started(state: SagaState, event: CompensationStarted) -> None:
    """Whatever is still out has an unknown outcome from here on; only undos can be due."""
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    state.cause, state.cancel = event.cause, None
    state.parked_for, state.parked_message, state.outcome, state.deferred = None, "", None, {}
    for number in sorted(state.in_flight, reverse=True):
        step = state.steps[number]
        step.forward = Forward.ABANDONED
        if step.unknown:
            state.to_undo.append(number)
    state.in_flight.clear()
    state.pivots.clear()
    state.due.keep(lambda key: key[0] is Due.UNDO)
    state.signals.waits.clear()


def _parked(state: SagaState, event: SagaParked) -> None:
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    state.parked_for, state.parked_message = event.why, event.message
    state.outcome = problem_outcome(Problem(type=f"parked_for_{event.why}", message=event.message))


def _resumed(state: SagaState, event: SagaResumed) -> None:
    if state.status is not Status.PARKED:
        raise IllegalMove("The saga", state.status, event)
    state.status = Status.RUNNING if state.cause is None else Status.COMPENSATING
    state.parked_for, state.parked_message, state.outcome, state.deferred = None, "", None, {}


def _deferred(state: SagaState, event: ReplyDeferred) -> None:
    state.deferred[event.command_id, event.answer] = event


def _signal_deferred(state: SagaState, event: SignalDeferred) -> None:
    state.deferred["signal", event.id] = event


def _paused(state: SagaState, event: SagaPaused) -> None:
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    state.paused_at = event.at


def _unpaused(state: SagaState, event: SagaUnpaused) -> None:
    if state.paused_at is None:
        raise IllegalMove("The saga", state.status, event)
    state.status = Status.RUNNING if state.cause is None else Status.COMPENSATING
    state.due.shift(event.at - state.paused_at)
    state.paused_at, state.deferred = None, {}


def _seen_to(state: SagaState, event: StepSeenTo) -> None:
    """What a person did is told by the events behind it. Attempts by hand leave the budgets as they are."""
    step = state.steps[event.step]
    if event.act == "retry_step":
        step.by_hand += 1
    elif event.act == "retry_undo" and step.back in UNDOING:
        step.undo_budget_from += 1


def _ended(state: SagaState, event: SagaEnded) -> None:
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    match event:
        case SagaCompleted(result):
            state.outcome = result_outcome(result)
        case SagaTerminated(reason):
            state.outcome = problem_outcome(Problem(type="terminated", message=reason))
        case _:
            state.outcome = problem_outcome(state.cause)
    state.parked_for, state.paused_at = None, None
    state.due.clear()


# --- timers


def _timer_started(state: SagaState, event: TimerStarted) -> None:
    state.timers = event.timer
    state.due.put((Due.TIMER, event.timer), event.due)


def _timer_over(state: SagaState, event: TimerFired | TimerCancelled) -> None:
    state.due.remove((Due.TIMER, event.timer))


# --- signals


def _signal_received(state: SagaState, event: SignalReceived) -> None:
    signals = state.signals
    signals.ids[event.id] = event.name
    signals.kept[event.signal] = event


def _signal_awaited(state: SagaState, event: SignalAwaited) -> None:
    state.signals.waits[event.wait] = event.name


def _signal_taken(state: SagaState, event: SignalTaken) -> None:
    del state.signals.kept[event.signal]
    if event.wait is not None:
        del state.signals.waits[event.wait]


def _signal_abandoned(state: SagaState, event: SignalAbandoned) -> None:
    del state.signals.waits[event.wait]


# --- a step's forward path


def _issued(state: SagaState, event: StepIssued) -> None:
    if state.cause is not None:
        raise IllegalMove("The saga", state.status, event)
    number = event.step
    state.steps[number] = Step(number, event.command, bytes(event.arguments), event.kind, event.undoable)
    state.in_flight.add(number)
    state.due.put((Due.STEP, number), event.deadline)
    if event.kind is Kind.PIVOT:
        state.pivots.add(number)
    elif event.kind is Kind.RETRIABLE and not event.undoable:
        state.forward_only = True


def _attempt_failed(state: SagaState, event: StepAttemptFailed) -> None:
    _move(state, event)
    state.due.put((Due.STEP, event.step), event.retry_at)


def _retried(state: SagaState, event: StepRetried) -> None:
    _move(state, event).attempt = event.attempt
    state.due.put((Due.STEP, event.step), event.deadline)


def _progressed(state: SagaState, event: StepProgressed) -> None:
    _move(state, event)
    if event.deadline is None:
        state.due.remove((Due.STEP, event.step))
    else:
        state.due.put((Due.STEP, event.step), event.deadline)


def _succeeded(state: SagaState, event: StepSucceeded) -> None:
    step = _move(state, event)
    _settle(state, event.step)
    step.result = bytes(event.result)
    if step.undoable:
        state.succeeded.append(event.step)
    if step.kind is Kind.PIVOT:
        state.forward_only = True


def _given_up(state: SagaState, event: StepEnded) -> None:
    step = _move(state, event)
    _settle(state, event.step)
    if step.unknown:
        state.to_undo.append(event.step)


def _abandoned(state: SagaState, event: StepAbandoned) -> None:
    step = state.steps[event.step]
    if step.undoable or step.kind is Kind.COMPENSATABLE:
        _given_up(state, event)
    else:  # nothing could undo it: it goes on, though nobody waits for it
        moved(FORWARD_MOVES, step.forward, event, f"Step {event.step}")
        step.awaited = False


def _move(state: SagaState, event: Any) -> Step:
    step = state.steps[event.step]
    step.forward = moved(FORWARD_MOVES, step.forward, event, f"Step {step.number}")
    return step


def _settle(state: SagaState, number: int) -> None:
    state.in_flight.discard(number)
    state.pivots.discard(number)
    state.due.remove((Due.STEP, number))


# --- a step's way back


def _undo_issued(state: SagaState, event: UndoIssued) -> None:
    step = state.steps[event.step]
    back = moved(BACK_MOVES, step.back, event, f"The undo of step {step.number}")
    _take(state, step, event)
    step.back = back
    _undo_sent(state, step, 1, event.deadline)


def _take(state: SagaState, step: Step, event: UndoIssued) -> None:
    """The step's undo was sent: it waits in no line any more. It stood at the front of one, or at the end of one."""
    if state.to_undo and state.to_undo[0] == step.number:
        state.to_undo.popleft()
    elif state.cause is not None and state.succeeded and state.succeeded[-1] == step.number:
        state.succeeded.pop()
    else:
        raise IllegalMove(f"Step {step.number}", step.forward, event)


def _undo_attempt_failed(state: SagaState, event: UndoAttemptFailed) -> None:
    _move_back(state, event)
    state.due.put((Due.UNDO, event.step), event.retry_at)


def _undo_retried(state: SagaState, event: UndoRetried) -> None:
    step = _move_back(state, event)
    if event.step in state.given_up:
        step.undo_budget_from = step.undo_attempt
        state.given_up.discard(event.step)
    _undo_sent(state, step, event.attempt, event.deadline)


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
    step.back = moved(BACK_MOVES, step.back, event, f"The undo of step {step.number}")
    return step


def _undo_settled(state: SagaState, number: int) -> None:
    state.undoing.discard(number)
    state.due.remove((Due.UNDO, number))


_CHANGES: Mapping[type[Event], Callable[[SagaState, Any], None]] = {
    SagaStarted: _started,
    CancelRequested: _cancel_requested,
    CompensationStarted: _compensation_started,
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
    StepSeenTo: _seen_to,
    TimerStarted: _timer_started,
    TimerFired: _timer_over,
    TimerCancelled: _timer_over,
    SignalReceived: _signal_received,
    SignalAwaited: _signal_awaited,
    SignalTaken: _signal_taken,
    SignalAbandoned: _signal_abandoned,
    StepIssued: _issued,
    StepAttemptFailed: _attempt_failed,
    StepRetried: _retried,
    StepProgressed: _progressed,
    StepSucceeded: _succeeded,
    StepRefused: _given_up,
    StepFailed: _given_up,
    StepTimedOut: _given_up,
    StepAbandoned: _abandoned,
    UndoIssued: _undo_issued,
    UndoAttemptFailed: _undo_attempt_failed,
    UndoRetried: _undo_retried,
    UndoSucceeded: _undo_succeeded,
    UndoGivenUp: _undo_given_up,
    UndoSkipped: _undo_skipped,
}
"""Every event has its change; a test counts them."""
