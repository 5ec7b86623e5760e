"""How one event changes the state. Total: every event has its case, and none is decided here."""

from typing import assert_never

from contracts.failures import Problem
from contracts.kinds import Kind
from coordinator.engine.agenda import Due
from coordinator.engine.lifecycle import (
    BACK_MOVES,
    FORWARD_MOVES,
    SAGA_MOVES,
    Back,
    Forward,
    IllegalMove,
    moved,
)
from coordinator.engine.outcome import problem_outcome, result_outcome
from coordinator.engine.state import SagaState, Step
from coordinator.engine.status import Status
from coordinator.history.endings import SagaCompensated, SagaCompleted, SagaFailed
from coordinator.history.events import Event
from coordinator.history.parking import ReplyDeferred, SagaParked, SagaResumed
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
    UndoSucceeded,
)

StepEvent = (
    StepAttemptFailed
    | StepRetried
    | StepProgressed
    | StepSucceeded
    | StepRefused
    | StepFailed
    | StepTimedOut
    | StepAbandoned
)
UndoEvent = UndoIssued | UndoAttemptFailed | UndoRetried | UndoSucceeded | UndoGivenUp


def evolve(state: SagaState, event: Event) -> None:
    """Applies the event. Raises IllegalMove, and then the state is what it was."""
    if state.status.ended or isinstance(event, SagaStarted) is bool(state.definition):
        raise IllegalMove("The saga", state.status if state.definition else "not begun", event)
    match event:
        case StepIssued():
            _issue(state, event)
        case (
            StepSucceeded()
            | StepAttemptFailed()
            | StepRetried()
            | StepProgressed()
            | StepRefused()
            | StepFailed()
            | StepTimedOut()
            | StepAbandoned()
        ):
            _step(state, event)
        case UndoIssued() | UndoAttemptFailed() | UndoRetried() | UndoSucceeded() | UndoGivenUp():
            _undo(state, event)
        case TimerStarted(timer, _, due):
            state.timers = timer
            state.due.put((Due.TIMER, timer), due)
        case TimerFired(timer) | TimerCancelled(timer):
            state.due.remove((Due.TIMER, timer))
        case _:
            _saga(state, event)


def _issue(state: SagaState, event: StepIssued) -> None:
    if state.cause is not None:
        raise IllegalMove("The saga", state.status, event)
    state.steps[event.step] = Step(event.step, event.command, bytes(event.arguments), event.kind, event.undoable)
    state.in_flight.add(event.step)
    state.due.put((Due.STEP, event.step), event.deadline)
    if event.kind is Kind.PIVOT:
        state.pivots.add(event.step)
    if event.kind is Kind.RETRIABLE and not event.undoable:
        state.forward_only = True


def _step(state: SagaState, event: StepEvent) -> None:
    step = state.steps[event.step]
    after = moved(FORWARD_MOVES, step.forward, event, f"Step {step.number}")
    if isinstance(event, StepAbandoned) and not step.undoable and step.kind is not Kind.COMPENSATABLE:
        step.awaited = False
        return
    step.forward = after
    key = Due.STEP, step.number
    match event:
        case StepAttemptFailed():
            state.due.put(key, event.retry_at)
        case StepRetried():
            step.attempt = event.attempt
            state.due.put(key, event.deadline)
        case StepProgressed():
            if event.deadline is None:
                state.due.remove(key)
            else:
                state.due.put(key, event.deadline)
        case StepSucceeded():
            _settle(state, step)
            step.result = bytes(event.result)
            if step.undoable:
                state.succeeded.append(step.number)
            state.forward_only = state.forward_only or step.kind is Kind.PIVOT
        case StepRefused() | StepFailed() | StepTimedOut() | StepAbandoned():
            _settle(state, step)
            if step.unknown:
                state.to_undo.append(step.number)
        case _:
            assert_never(event)


def _settle(state: SagaState, step: Step) -> None:
    state.in_flight.discard(step.number)
    state.pivots.discard(step.number)
    state.due.remove((Due.STEP, step.number))


def _undo(state: SagaState, event: UndoEvent) -> None:
    step = state.steps[event.step]
    key = Due.UNDO, step.number
    was_given_up = step.back is Back.GIVEN_UP
    after = moved(BACK_MOVES, step.back, event, f"The undo of step {step.number}")
    if isinstance(event, UndoIssued):
        _take(state, step, event)
    step.back = after
    match event:
        case UndoIssued():
            step.undo_attempt = 1
            state.undoing.add(step.number)
            state.due.put(key, event.deadline)
        case UndoAttemptFailed():
            state.due.put(key, event.retry_at)
        case UndoRetried():
            if was_given_up:
                step.undo_budget_from = step.undo_attempt
                state.given_up.discard(step.number)
            step.undo_attempt = event.attempt
            state.undoing.add(step.number)
            state.due.put(key, event.deadline)
        case UndoSucceeded():
            state.undoing.discard(step.number)
            state.given_up.discard(step.number)
            state.due.remove(key)
            state.undone += 1
        case UndoGivenUp():
            state.undoing.discard(step.number)
            state.given_up.add(step.number)
            state.due.remove(key)
        case _:
            assert_never(event)


def _take(state: SagaState, step: Step, event: UndoIssued) -> None:
    """The step's undo was sent: it waits in no line any more. It stood at the front of one, or at the end of one."""
    if state.to_undo and state.to_undo[0] == step.number:
        state.to_undo.popleft()
    elif state.cause is not None and state.succeeded and state.succeeded[-1] == step.number:
        state.succeeded.pop()
    else:
        raise IllegalMove(f"Step {step.number}", step.forward, event)


def _saga(state: SagaState, event: Event) -> None:
    match event:
        case SagaStarted():
            state.definition, state.version, state.input = event.definition, event.version, bytes(event.input)
            state.traceparent = event.traceparent
            if event.deadline is not None:
                state.due.put((Due.DEADLINE, 0), event.deadline)
        case CancelRequested(cause):
            state.cancel = cause
            state.due.remove((Due.DEADLINE, 0))
        case CompensationStarted(cause):
            _go_back(state, event, cause)
        case SagaCompleted(result):
            _end(state, event, result_outcome(result))
        case SagaCompensated() | SagaFailed():
            _end(state, event, problem_outcome(state.cause))
        case SagaParked(why, message):
            state.status = moved(SAGA_MOVES, state.status, event, "The saga")
            state.parked_for, state.parked_message = why, message
            state.outcome = problem_outcome(Problem(type=f"parked_for_{why}", message=message))
        case SagaResumed():
            if state.status is not Status.PARKED:
                raise IllegalMove("The saga", state.status, event)
            state.status = Status.RUNNING if state.cause is None else Status.COMPENSATING
            state.parked_for, state.parked_message, state.outcome = None, "", None
            state.deferred = {}
        case ReplyDeferred():
            state.deferred[event.command_id, event.answer] = event
        case _:
            raise AssertionError(f"{type(event).__name__} has no case in evolve.")


def _go_back(state: SagaState, event: CompensationStarted, cause: Problem) -> None:
    """Whatever is still out has an unknown outcome from here on; only undos can be due."""
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    state.cause, state.cancel = cause, None
    state.parked_for, state.parked_message, state.outcome, state.deferred = None, "", None, {}
    for number in sorted(state.in_flight, reverse=True):
        step = state.steps[number]
        step.forward = Forward.ABANDONED
        if step.unknown:
            state.to_undo.append(number)
    state.in_flight.clear()
    state.pivots.clear()
    state.due.keep(lambda key: key[0] is Due.UNDO)


def _end(state: SagaState, event: SagaCompleted | SagaCompensated | SagaFailed, outcome: bytes) -> None:
    state.status = moved(SAGA_MOVES, state.status, event, "The saga")
    state.outcome = outcome
    state.due.clear()
