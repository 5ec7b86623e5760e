"""Decisions about the way back: which undo is next, and what an answer to one amounts to."""

from collections.abc import Sequence
from typing import assert_never

from msgspec import UNSET

from contracts.answers import Answer, Failure, Pending, Progress, Refusal, Success
from contracts.command import Command
from contracts.failures import Problem
from contracts.values import NULL
from coordinator.engine import undo_policy
from coordinator.engine.lifecycle import SETTLED_BACK, Back
from coordinator.engine.state import SagaState, Step
from coordinator.engine.status import Status
from coordinator.engine.times import ASK_AGAIN_MS, deadline, pending_ms, within
from coordinator.history.events import Event
from coordinator.history.undos import (
    UndoAttemptFailed,
    UndoGivenUp,
    UndoHeld,
    UndoIssued,
    UndoProgressed,
    UndoRetried,
    UndoSucceeded,
)


def next_undos(state: SagaState) -> Sequence[int]:
    """Steps whose undo is to be sent now.

    Unknown outcomes first, all at once: nobody knows when they completed. Then the known ones in reverse order of
    completion, one at a time.
    """
    if state.to_undo:
        return list(state.to_undo)
    if state.cause is not None:
        return state.succeeded[-1:] if not state.undoing else []
    return [number for scope in state.scopes.undoing for number in _next_of_scope(state, scope)]


def _next_of_scope(state: SagaState, scope: int) -> Sequence[int]:
    """The same of one scope: behind those within it that are being undone, and all at once where it is parallel."""
    scopes, steps = state.scopes, state.steps
    done = [number for number in state.succeeded if scopes.undoes(scope, steps[number])]
    if any(scopes.undoing_of(steps[number]) != scope for number in done):
        return []
    if scope in scopes.parallel:
        return done[::-1]
    waits = any(scopes.undoes(scope, steps[number]) for number in state.undoing)
    return [] if waits else done[-1:]


def scopes_undone(state: SagaState) -> Sequence[int]:
    """Scopes of which nothing is left, and whose code waits for that."""
    scopes = state.scopes
    if not scopes.undoing:
        return ()
    left = [*state.to_undo, *state.succeeded, *state.undoing, *state.given_up]
    return [scope for scope in scopes.undoing if not any(scopes.undoes(scope, state.steps[number]) for number in left)]


def issued(step: Step, command: "Command[..., object] | None", now: int) -> UndoIssued:
    """The undo's first attempt."""
    return UndoIssued(step.number, now, _deadline(step, now, command, now))


def retried(step: Step, command: "Command[..., object] | None", now: int) -> UndoRetried:
    """The undo's next attempt."""
    since = now if step.back in (Back.GIVEN_UP, Back.HELD) else step.undo_since
    return UndoRetried(step.number, step.undo_attempt + 1, now, _deadline(step, since, command, now))


def on_answer(
    step: Step, command: "Command[..., object] | None", attempt: int, answer: Answer, saga_id: str, now: int
) -> Event | str:
    """The event that the answer to an undo amounts to, or why it changes nothing."""
    match answer:
        case Success():
            if step.back in SETTLED_BACK:
                return "the undo is settled"
            return UndoSucceeded(step.number, attempt, now)
        case Refusal(problem) | Failure(problem):
            if step.back is not Back.PENDING or attempt < step.undo_attempt:
                return "an older attempt of the undo"
            refused = isinstance(answer, Refusal)
            return _given_up_or_retried(step, command, problem, saga_id, now, final=refused)
        case Progress() | Pending():
            if step.child is None and not step.registered:
                return "an undo is answered when it is done"
            if step.back is not Back.PENDING or attempt < step.undo_attempt:
                return "an older attempt of the undo"
            details = answer.details if isinstance(answer, Progress) and answer.details != NULL else UNSET
            return UndoProgressed(step.number, attempt, now, _heard_of_again(step, command, answer, now), details)
        case _:
            assert_never(answer)


def on_due(step: Step, command: "Command[..., object] | None", saga_id: str, now: int) -> Event:
    """The attempt's deadline, or the time of the next attempt, has come."""
    if step.back is Back.WAITING:
        return retried(step, command, now)
    seconds = undo_policy.timeout_ms(step, command) / 1_000
    what = f"No answer to {step.undo_in_words} within {seconds:g} s."
    if step.child is not None:
        what = f"Nothing was heard of {step.child} for a while: it is asked again."
    problem = Problem(type="timeout", message=what, retryable=True)
    return _given_up_or_retried(step, command, problem, saga_id, now, final=False)


def may_end(state: SagaState) -> bool:
    """Everything is undone that is to be undone."""
    return state.status is Status.COMPENSATING and not (
        state.to_undo or state.succeeded or state.undoing or state.given_up
    )


def _given_up_or_retried(
    step: Step, command: "Command[..., object] | None", problem: Problem, saga_id: str, now: int, *, final: bool
) -> Event:
    retry = undo_policy.retry(step, command)
    spent = step.undo_attempt - step.undo_budget_from
    counted = spent if problem.counts else spent - 1
    delay = max(retry.delay_ms(spent, f"{saga_id}:{step.number}:undo"), problem.retry_after_ms or 0)
    retry_at = within(now, now + delay)
    may_help = problem.retryable and not (final or retry.rules_out(problem.type))
    if may_help and retry.allows(counted, retry_at - step.undo_since):
        return UndoAttemptFailed(step.number, step.undo_attempt, problem, now, retry_at)
    if may_help and retry.awaits is not None:
        return UndoHeld(step.number, step.undo_attempt, problem, now, retry.awaits)
    return UndoGivenUp(step.number, step.undo_attempt, problem, now)


def _heard_of_again(
    step: Step, command: "Command[..., object] | None", answer: Progress | Pending, now: int
) -> int | None:
    """Until when it is waited for then; None: as long as it takes."""
    match answer:
        case Pending(timeout_ms):
            later = pending_ms(timeout_ms, command) if step.child is None else ASK_AGAIN_MS
            return None if later is None else within(now, now + later)
        case Progress():
            return _deadline(step, step.undo_since, command, now)


def _deadline(step: Step, since: int, command: "Command[..., object] | None", now: int) -> int:
    return deadline(now, undo_policy.timeout_ms(step, command), since, undo_policy.retry(step, command))
