"""What people do about one step: try it again, answer for its participant, or decide against its undo."""

from typing import assert_never

from contracts.answers import Success
from contracts.failures import Problem
from contracts.ids import command_id
from contracts.values import UnreadableValue
from coordinator.engine import compensation, forward
from coordinator.engine.facts import (
    Accepted,
    ConfirmUndo,
    Conflict,
    GiveResult,
    Repair,
    Reply,
    RetryStep,
    SkipUndo,
    Unfit,
    Verdict,
)
from coordinator.engine.halts import resume_code
from coordinator.engine.kept import kept_text
from coordinator.engine.lifecycle import SETTLED_BACK, Back, Forward
from coordinator.engine.replies import on_reply
from coordinator.engine.state import Step
from coordinator.engine.status import Status
from coordinator.engine.turn import Turn
from coordinator.history.people import Act, StepSeenTo
from coordinator.history.steps import StepAttemptFailed
from coordinator.history.undos import UndoAttemptFailed, UndoSkipped, UndoSucceeded

_AGAIN = Problem(type="retried", message="A person had it tried again.", retryable=True)


def on_repair(turn: Turn, repair: Repair) -> Verdict:
    """Nothing changes unless it is Accepted."""
    state = turn.state
    step = state.steps.get(repair.step)
    if 0 < repair.step <= state.earlier_steps:
        return Conflict(f"Step {repair.step} is of an earlier round: what it did stands.")
    if step is None:
        return Conflict(f"The saga has no step {repair.step}: it has asked for {state.last_step} so far.")
    if state.status.ended:
        return Conflict(f"The saga has ended: it is {state.status}. There is nothing to see to.")
    if state.status is Status.PAUSED:
        return Conflict("The saga is paused: resume it first.")
    match repair:
        case RetryStep(undo=False):
            return _retry_step(turn, step, repair.reason)
        case GiveResult():
            return _give_result(turn, step, repair)
        case RetryStep() | ConfirmUndo() | SkipUndo():
            return _see_to_undo(turn, step, repair)
        case _:
            assert_never(repair)


def _retry_step(turn: Turn, step: Step, reason: str) -> Verdict:
    if step.forward is Forward.HELD and turn.state.parked_for == "step":
        return resume_code(turn, reason)
    if not step.in_flight or turn.state.stands_still:
        return Conflict(f"{_named(step)} is {_standing(turn, step)}: only a step that is under way can be tried again.")
    _seen_to(turn, step, "retry_step", reason)
    if step.forward is Forward.PENDING:
        turn.record(StepAttemptFailed(step.number, step.attempt, _AGAIN, turn.now, turn.now + 1))
    turn.record(forward.retried(step, turn.command(step), turn.now))
    return Accepted()


def _give_result(turn: Turn, step: Step, given: GiveResult) -> Verdict:
    if not step.in_flight:
        return Conflict(f"{_named(step)} is {step.forward}: only a step that is under way can be given its result.")
    id = command_id(turn.saga_id, step.number)
    if any((id, answer) in turn.state.deferred for answer in ("succeeded", "refused", "failed")):
        return Conflict(f"{_named(step)} has been answered already; that is taken in when the saga goes on.")
    command = turn.command(step)
    try:
        if command is not None:
            command.read_result(given.result)
    except UnreadableValue as error:
        return Unfit(str(error), "result")
    _seen_to(turn, step, "give_result", given.reason)
    verdict = on_reply(turn, Reply(id, step.attempt, Success(given.result)))
    if step.forward is Forward.HELD and turn.state.parked_for == "step":
        resume_code(turn, given.reason)  # where its code does not fit any more, the result is kept until it does
    return verdict


def _see_to_undo(turn: Turn, step: Step, repair: RetryStep | ConfirmUndo | SkipUndo) -> Verdict:
    if step.back in SETTLED_BACK:
        what = "was not sent" if step.back is Back.NONE else f"is {step.back}"
        return Conflict(f"The undo of {_named(step)} {what}: there is nothing to see to.")
    match repair:
        case RetryStep(reason=reason):
            _seen_to(turn, step, "retry_undo", reason)
            if step.back is Back.PENDING:
                turn.record(UndoAttemptFailed(step.number, step.undo_attempt, _AGAIN, turn.now, turn.now + 1))
            turn.record(compensation.retried(step, turn.command(step), turn.now))
        case ConfirmUndo(_, reason):
            _seen_to(turn, step, "confirm_undo", reason)
            turn.record(UndoSucceeded(step.number, step.undo_attempt, turn.now))
        case SkipUndo(_, reason):
            turn.record(UndoSkipped(step.number, kept_text(reason), turn.now))
        case _:
            assert_never(repair)
    return Accepted()


def _seen_to(turn: Turn, step: Step, act: Act, reason: str) -> None:
    turn.record(StepSeenTo(step.number, act, kept_text(reason), turn.now))


def _standing(turn: Turn, step: Step) -> str:
    return f"under way, but the saga is {turn.state.status}" if step.in_flight else str(step.forward)


def _named(step: Step) -> str:
    return f"{step.command} (step {step.number})"
