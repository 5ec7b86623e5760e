"""Facts taken in, one by one: each becomes events, and what follows from them follows at once."""

from typing import assert_never

from contracts.failures import Problem
from coordinator.engine import children, compensation, forward
from coordinator.engine.agenda import Due, DueKey
from coordinator.engine.conclude import conclude, parked_because
from coordinator.engine.facts import (
    Accepted,
    Cancel,
    ConfirmUndo,
    Conflict,
    Fact,
    GiveResult,
    Ignored,
    Known,
    Pause,
    Reply,
    Resume,
    RetryStep,
    Signal,
    SkipUndo,
    Start,
    Terminate,
    UndoChild,
    Update,
    Verdict,
    WakeUp,
)
from coordinator.engine.failure import DEADLINE
from coordinator.engine.halts import on_cancel, on_pause, on_resume, on_terminate
from coordinator.engine.held import record
from coordinator.engine.repairs import on_repair
from coordinator.engine.replies import on_reply
from coordinator.engine.run import new_run
from coordinator.engine.same_input import same_input
from coordinator.engine.signals import keep, misfit_of, on_signal
from coordinator.engine.state import SagaState
from coordinator.engine.times import within
from coordinator.engine.turn import Turn
from coordinator.engine.undone_by_parent import on_undo
from coordinator.engine.updates import on_update
from coordinator.history.started import SagaStarted
from coordinator.history.timers import TimerFired
from coordinator.history.undos import CancelRequested


def absorb(turn: Turn, fact: Fact) -> Verdict:
    """What becomes of the fact. Nothing changes unless it is Accepted."""
    if not turn.state.definition and not isinstance(fact, (Start, UndoChild)):
        return Ignored("there is no such saga")
    match fact:
        case Reply():
            verdict = on_reply(turn, fact)
        case Start():
            return _start(turn, fact)
        case UndoChild():
            return on_undo(turn, fact)
        case WakeUp():
            before = len(turn.events)
            _wake_up(turn)
            verdict = Accepted() if len(turn.events) > before else Known()
        case Signal():
            verdict = on_signal(turn, fact)
        case Update():
            verdict = on_update(turn, fact)
        case Cancel(reason):
            verdict = on_cancel(turn, reason)
        case Pause(reason):
            verdict = on_pause(turn, reason)
        case Resume(reason):
            verdict = on_resume(turn, reason)
        case Terminate(reason):
            verdict = on_terminate(turn, reason)
        case RetryStep() | GiveResult() | ConfirmUndo() | SkipUndo():
            verdict = on_repair(turn, fact)
        case _:
            assert_never(fact)
    conclude(turn)
    return verdict


def next_due(state: SagaState) -> tuple[int, DueKey] | None:
    """What is due first, and when. While the code is stopped only undos can be due, and nothing in a pause."""
    if state.paused_at is not None:
        return None
    if state.parked_for is not None and state.code_stopped:
        return state.due.first_of(Due.UNDO) if state.undoing else None
    return state.due.first


def _start(turn: Turn, start: Start) -> Verdict:
    state = turn.state
    if state.definition:
        if start.parent is not None:
            return children.called_again(turn.saga_id, state, start, start.parent)
        if state.definition == start.definition and same_input(state.input, bytes(start.input)):
            return Known() if start.sent is None else _send_existing(turn, start.sent)
        return Conflict(
            f"The saga {turn.saga_id} exists already, with another input. The same key means the same saga: "
            "start another one with a key of its own, or give the same input to get this one.",
            other_input=True,
        )
    definition = turn.definitions.get(start.definition, start.version)
    if definition is None:
        return Conflict(f"Version {start.version} of {start.definition} is not deployed.")
    if start.sent is not None and (misfit := misfit_of(definition, start.sent)) is not None:
        return misfit
    turn.begin(new_run(turn.saga_id, definition))
    deadline = None if definition.deadline_ms is None else within(turn.now, turn.now + definition.deadline_ms)
    turn.record(
        SagaStarted(
            start.definition,
            start.version,
            start.input,
            turn.now,
            start.traceparent,
            deadline,
            start.attributes,
            start.parent,
        )
    )
    match start.sent:  # before anything follows: the code may be through with its first run
        case Signal():
            if parked_because(turn.run, turn.state, turn.definitions) is not None:
                conclude(turn)  # or the signal would stand in the way of what mended code asks for first
            keep(turn, start.sent)
        case Update():
            verdict = on_update(turn, start.sent)
            if not isinstance(verdict, Accepted):
                turn.forget()
                return verdict
        case None:
            pass
    conclude(turn)
    return Accepted(answer=children.begun(turn.saga_id, turn.state, start.parent))


def _send_existing(turn: Turn, sent: Signal | Update) -> Verdict:
    verdict = on_signal(turn, sent) if isinstance(sent, Signal) else on_update(turn, sent)
    conclude(turn)
    return Accepted(existing=True) if isinstance(verdict, Accepted) else verdict


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
            record(turn, forward.on_due(step, turn.command(step), turn.saga_id, turn.now))
        case Due.UNDO:
            step = turn.state.steps[number]
            turn.record(compensation.on_due(step, turn.command(step), turn.saga_id, turn.now))
        case Due.DEADLINE:
            message = "The saga did not end by its deadline."
            turn.record(CancelRequested(Problem(type=DEADLINE, message=message), turn.now))
        case _:
            assert_never(what)
