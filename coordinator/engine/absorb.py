"""Facts taken in, one by one: each becomes events, and what follows from them follows at once."""

from typing import assert_never

from contracts.failures import Problem
from contracts.ids import CommandRef, parse_command_id
from coordinator.engine import compensation, forward
from coordinator.engine.agenda import Due, DueKey
from coordinator.engine.conclude import conclude
from coordinator.engine.facts import (
    Accepted,
    Cancel,
    Conflict,
    Fact,
    Ignored,
    Known,
    Reply,
    Resume,
    Signal,
    Start,
    Verdict,
    WakeUp,
)
from coordinator.engine.failure import problem_of
from coordinator.engine.kept import kept_text, named
from coordinator.engine.parked import deferred_reply, reply_of, signal_of
from coordinator.engine.rebuild import resume
from coordinator.engine.replay import CodeMismatch
from coordinator.engine.run import Raised, new_run
from coordinator.engine.same_input import same_input
from coordinator.engine.signals import on_signal, receive
from coordinator.engine.state import SagaState, Step
from coordinator.engine.status import Status
from coordinator.engine.times import within
from coordinator.engine.turn import Turn
from coordinator.history.parking import ReplyDeferred, SagaResumed
from coordinator.history.signals import SignalDeferred
from coordinator.history.started import SagaStarted
from coordinator.history.steps import StepFailed, StepRefused
from coordinator.history.timers import TimerFired
from coordinator.history.undos import CancelRequested


def absorb(turn: Turn, fact: Fact) -> Verdict:
    """What becomes of the fact. Nothing changes unless it is Accepted."""
    if isinstance(fact, Start):
        return _start(turn, fact)
    if not turn.state.definition:
        return Ignored("there is no such saga")
    before = len(turn.events)
    match fact:
        case Reply():
            verdict = _reply(turn, fact)
        case WakeUp():
            _wake_up(turn)
            verdict = Accepted() if len(turn.events) > before else Known()
        case Cancel(reason):
            verdict = _cancel(turn, reason)
        case Resume():
            verdict = _resume(turn)
        case Signal():
            verdict = on_signal(turn, fact)
        case _:
            assert_never(fact)
    conclude(turn)
    return verdict


def next_due(state: SagaState) -> tuple[int, DueKey] | None:
    """What is due first, and when. While the code is stopped only undos can be due."""
    return state.due.first_of(Due.UNDO) if state.code_stopped else state.due.first


def _start(turn: Turn, start: Start) -> Verdict:
    state = turn.state
    if state.definition:
        if state.definition == start.definition and same_input(state.input, bytes(start.input)):
            return Known()
        return Conflict(
            f"The saga {turn.saga_id} exists already, with another input. The same key means the same saga: "
            "start another one with a key of its own, or give the same input to get this one."
        )
    definition = turn.definitions.get(start.definition, start.version)
    if definition is None:
        return Conflict(f"Version {start.version} of {start.definition} is not deployed.")
    turn.begin(new_run(turn.saga_id, definition))
    deadline = None if definition.deadline_ms is None else within(turn.now, turn.now + definition.deadline_ms)
    turn.record(SagaStarted(start.definition, start.version, start.input, turn.now, start.traceparent, deadline))
    conclude(turn)
    return Accepted()


def _reply(turn: Turn, reply: Reply) -> Verdict:
    try:
        ref = parse_command_id(reply.command_id)
    except ValueError as error:
        return Ignored(str(error))
    step = turn.state.steps.get(ref.step)
    if step is None or ref.saga_id != turn.saga_id:
        return Ignored(f"the saga has no step {reply.command_id}")
    command = turn.command(step.command)
    if ref.undo:
        event = compensation.on_answer(step, command, reply.attempt, reply.answer, turn.saga_id, turn.now)
    elif turn.state.code_stopped:
        return _defer(turn, reply, ref)
    elif turn.state.status is not Status.RUNNING:
        return Ignored(f"the saga is {turn.state.status}")
    else:
        event = forward.on_answer(step, command, reply.attempt, reply.answer, turn.saga_id, turn.now)
    if isinstance(event, str):
        return Ignored(event)
    turn.record(event)
    return Accepted()


def _defer(turn: Turn, reply: Reply, ref: CommandRef) -> Verdict:
    step = turn.state.steps[ref.step]
    if not step.in_flight:
        return Ignored("the step is settled")
    if _lets_go_back(turn, step, reply):
        return Accepted()
    deferred = deferred_reply(reply, turn.now)
    if (deferred.command_id, deferred.answer) in turn.state.deferred:
        return Known()
    turn.record(deferred)
    return Accepted()


def _lets_go_back(turn: Turn, step: Step, reply: Reply) -> bool:
    """Takes in that a pivot did not happen, if that is what a cancelled saga waits for: going back needs no code."""
    state = turn.state
    if state.cancel is None or state.forward_only or step.number not in state.pivots:
        return False
    event = forward.on_answer(step, turn.command(step.command), reply.attempt, reply.answer, turn.saga_id, turn.now)
    if not isinstance(event, StepRefused | StepFailed):
        return False
    turn.record(event)
    return True


def _wake_up(turn: Turn) -> None:
    """Everything due now happens, in the order of its time. What that asks for is due later, so there is an end."""
    while (first := next_due(turn.state)) is not None and first[0] <= turn.now:
        _happen(turn, first[1])
        conclude(turn)


def _happen(turn: Turn, key: DueKey) -> None:
    what, number = key
    match what:
        case Due.TIMER:
            turn.record(TimerFired(number, turn.now))
        case Due.STEP:
            step = turn.state.steps[number]
            turn.record(forward.on_due(step, turn.command(step.command), turn.saga_id, turn.now))
        case Due.UNDO:
            step = turn.state.steps[number]
            turn.record(compensation.on_due(step, turn.command(step.command), turn.saga_id, turn.now))
        case Due.DEADLINE:
            message = "The saga did not end by its deadline."
            turn.record(CancelRequested(Problem(type="deadline_exceeded", message=message), turn.now))
        case _:
            assert_never(what)


def _cancel(turn: Turn, reason: str) -> Verdict:
    state = turn.state
    if state.status.ended:
        return Conflict(f"The saga has ended: it is {state.status}. There is nothing to cancel.")
    if state.cause is not None or state.cancel is not None:
        return Known()
    if state.forward_only:
        return Conflict("The saga is past its point of no return: it can only go forward now.")
    turn.record(
        CancelRequested(Problem(type="cancelled", message=kept_text(reason) or "Cancelled from outside."), turn.now)
    )
    for reply in [reply_of(each) for each in state.deferred.values() if isinstance(each, ReplyDeferred)]:
        if _lets_go_back(turn, state.steps[parse_command_id(reply.command_id).step], reply):
            break
    return Accepted()


def _resume(turn: Turn) -> Verdict:
    state = turn.state
    if state.status is not Status.PARKED:
        return Conflict(f"The saga is {state.status}, not parked: there is nothing to resume.")
    if state.code_stopped:
        return _resume_code(turn)
    turn.record(SagaResumed(turn.now))
    for number in sorted(state.given_up, reverse=True):
        step = state.steps[number]
        turn.record(compensation.retried(step, turn.command(step.command), turn.now))
    return Accepted()


def _resume_code(turn: Turn) -> Verdict:
    try:
        rebuilt = resume(turn.saga_id, [*turn.log, *turn.events], turn.definitions, turn.now)
    except CodeMismatch as error:
        return Conflict(str(error))
    run = rebuilt.run
    assert run is not None, "a resumed saga has its code"
    if isinstance(run.outcome, Raised) and (rebuilt.state.forward_only or problem_of(run.outcome.error) is None):
        again = named(run.outcome.error)
        run.discard()
        return Conflict(f"The saga would stop at the same place again: {again}.")
    deferred = list(turn.state.deferred.values())
    turn.state = rebuilt.state
    turn.begin(run)
    turn.record(SagaResumed(turn.now))
    turn.take_in(rebuilt.tail)
    conclude(turn)
    for each in deferred:
        _take_in(turn, each)
        conclude(turn)
    return Accepted()


def _take_in(turn: Turn, deferred: ReplyDeferred | SignalDeferred) -> None:
    """What came while the code was stopped happens now; or is kept once more, if the code has stopped again."""
    if isinstance(deferred, ReplyDeferred):
        _reply(turn, reply_of(deferred))
    elif turn.state.status is Status.RUNNING:
        receive(turn, signal_of(deferred))
    elif turn.state.code_stopped:
        turn.record(SignalDeferred(deferred.name, deferred.id, deferred.value, turn.now))
