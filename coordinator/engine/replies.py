"""What becomes of a participant's answer; and of what came while the saga stood still, once it goes on."""

from collections.abc import Iterable

import msgspec

from contracts.answers import Pending, Progress, Success
from contracts.command import Command
from contracts.ids import CommandRef, parse_command_id
from contracts.values import UnreadableValue
from coordinator.engine import compensation, forward
from coordinator.engine.conclude import conclude
from coordinator.engine.facts import Accepted, Ignored, Known, Reply, Unfit, Verdict
from coordinator.engine.held import held_for, record
from coordinator.engine.lifecycle import SETTLED_BACK, Forward
from coordinator.engine.parked import deferred_reply, reply_of, signal_of
from coordinator.engine.signals import take
from coordinator.engine.state import Step
from coordinator.engine.status import RUNNING
from coordinator.engine.turn import Turn
from coordinator.history.parking import ReplyDeferred
from coordinator.history.signals import SignalDeferred
from coordinator.history.steps import StepFailed, StepRefused


def on_reply(turn: Turn, reply: Reply) -> Verdict:
    """Nothing changes unless it is Accepted."""
    try:
        ref = parse_command_id(reply.command_id)
    except ValueError as error:
        return Ignored(str(error))
    step = turn.state.steps.get(ref.step)
    if ref.saga_id == turn.saga_id and 0 < ref.step <= turn.state.earlier_steps:
        return Known()
    if step is None or ref.saga_id != turn.saga_id:
        return Ignored(f"the saga has no step {reply.command_id}")
    if (meant := step.meant_by(ref)) is None:
        return Ignored(f"{step.command} was registered as an undo, and has none of its own")
    ref = meant
    state = turn.state
    if reply.attempt == 0:
        reply = _to_the_last_attempt(step, reply, ref)
        if (settled := _settled(step, turn.command(step), reply, ref)) is not None:
            return settled
    # What worked needs no policy, and that is the usual answer.
    command = None if isinstance(reply.answer, Success) else turn.command(step)
    if state.status.ended:
        return Ignored(f"the saga is {state.status}")
    if state.paused_at is not None or (not ref.undo and state.code_stopped):
        return _defer(turn, reply, ref)
    if ref.undo:
        event = compensation.on_answer(step, command, reply.attempt, reply.answer, turn.saga_id, turn.now)
    elif state.status is not RUNNING:
        return Ignored(f"the saga is {state.status}")
    else:
        event = forward.on_answer(step, command, reply.attempt, reply.answer, turn.saga_id, turn.now)
    if isinstance(event, str):
        return Known() if _comes_late(step, reply, ref) else Ignored(event)
    record(turn, event)
    return Accepted()


def _comes_late(step: Step, reply: Reply, ref: CommandRef) -> bool:
    """That a child has begun, or is undoing what it did, behind its end. Of an attempt that is not known here it comes
    too early: somebody else has decided on that."""
    known = step.undo_attempt if ref.undo else step.attempt
    return step.child is not None and isinstance(reply.answer, Pending) and reply.attempt <= known


def _to_the_last_attempt(step: Step, reply: Reply, ref: CommandRef) -> Reply:
    return msgspec.structs.replace(reply, attempt=step.undo_attempt if ref.undo else step.attempt)


def _settled(step: Step, command: "Command[..., object] | None", reply: Reply, ref: CommandRef) -> Verdict | None:
    """Of an answer by the command's id: what there is to say before it is taken in. None: nothing."""
    if step.child is not None:
        return Ignored(f"{step.child} answers for itself")
    if ref.undo or not isinstance(reply.answer, Success):
        return None
    if step.forward is Forward.SUCCEEDED and step.result == reply.answer.result:
        return Known()
    try:
        if command is not None:
            command.read_result(reply.answer.result)
    except UnreadableValue as error:
        return Unfit(str(error), "result")
    return None


def _defer(turn: Turn, reply: Reply, ref: CommandRef) -> Verdict:
    step = turn.state.steps[ref.step]
    if step.back in SETTLED_BACK if ref.undo else not step.in_flight:
        return Ignored("the undo is settled" if ref.undo else "the step is settled")
    if not ref.undo and _lets_go_back(turn, step, reply):
        return Accepted()
    deferred = deferred_reply(reply, turn.now)
    kept = turn.state.deferred.get((deferred.command_id, deferred.answer))
    if isinstance(kept, ReplyDeferred) and not _counts_more(deferred, kept, reply):
        return Known()
    turn.record(deferred)
    return Accepted()


def _counts_more(new: ReplyDeferred, kept: ReplyDeferred, reply: Reply) -> bool:
    """Whether it takes the place of what is kept. Whichever attempt succeeded first, that counts; else the latest
    attempt does, and of its progress the last."""
    if isinstance(reply.answer, Success):
        return False
    if new.attempt != kept.attempt:
        return new.attempt > kept.attempt
    return isinstance(reply.answer, Progress) and new.value != kept.value


def _lets_go_back(turn: Turn, step: Step, reply: Reply) -> bool:
    """Takes in that a pivot did not happen, if that is what a cancelled saga waits for: going back needs no code."""
    state = turn.state
    if state.cancel is None or state.forward_only or step.number not in state.pivots:
        return False
    event = forward.on_answer(step, turn.command(step), reply.attempt, reply.answer, turn.saga_id, turn.now)
    if not isinstance(event, StepRefused | StepFailed):
        return False
    turn.record(event)
    return True


def let_go_back(turn: Turn) -> None:
    """The same, of answers that were kept before the saga was cancelled."""
    state = turn.state
    for reply in [reply_of(each) for each in state.deferred.values() if isinstance(each, ReplyDeferred)]:
        ref = parse_command_id(reply.command_id)
        if not ref.undo and _lets_go_back(turn, state.steps[ref.step], reply):
            break


def take_in(turn: Turn, deferred: Iterable[ReplyDeferred | SignalDeferred]) -> None:
    """What came while the saga stood still happens now; or is kept once more, if its code has stopped again."""
    for each in deferred:
        if isinstance(each, ReplyDeferred):
            on_reply(turn, reply_of(each))
        elif turn.state.stands_still or turn.state.status is RUNNING or held_for(turn.state, each.name):
            take(turn, signal_of(each))
        conclude(turn)
