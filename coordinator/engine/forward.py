"""Decisions about the forward path of one step: what an answer, or its absence, amounts to."""

from typing import assert_never

import msgspec

from contracts.answers import Answer, Failure, Pending, Progress, Refusal, Success
from contracts.command import Command
from contracts.failures import Problem
from contracts.kinds import RETRIABLE
from contracts.retry import Retry
from contracts.values import NULL
from coordinator.engine.lifecycle import Forward
from coordinator.engine.state import Step
from coordinator.engine.times import ASK_AGAIN_MS, deadline, pending_ms, within
from coordinator.history.events import Event
from coordinator.history.steps import (
    StepAttemptFailed,
    StepFailed,
    StepHeld,
    StepProgressed,
    StepProgressedLate,
    StepRefused,
    StepRetried,
    StepSucceeded,
    StepTimedOut,
)

_DEFAULT_TIMEOUT_MS = 20_000
"""For a command whose contract is no longer deployed."""


def on_answer(
    step: Step, command: "Command[..., object] | None", attempt: int, answer: Answer, saga_id: str, now: int
) -> Event | str:
    """The event that the answer to an attempt amounts to, or why it changes nothing."""
    if not step.in_flight:
        return "the step is settled"
    match answer:
        case Success():
            return StepSucceeded(step.number, attempt, answer.result, now)
        case Refusal(problem):
            if step.kind is not RETRIABLE:
                return StepRefused(step.number, attempt, problem, now)
            return _attempt_failed(step, command, problem, attempt, saga_id, now)
        case Failure(problem):
            return _attempt_failed(step, command, problem, attempt, saga_id, now)
        case Progress(details):
            if attempt < step.attempt or step.forward is not Forward.PENDING:
                return _progressed_late(step, attempt, details, now)
            return StepProgressed(step.number, attempt, now, details, _deadline(step.since, command, now))
        case Pending(timeout_ms):
            if attempt < step.attempt or step.forward is not Forward.PENDING:
                return "an older attempt"
            later = pending_ms(timeout_ms, command) if step.child is None else ASK_AGAIN_MS
            return StepProgressed(step.number, attempt, now, NULL, None if later is None else within(now, now + later))
        case _:
            assert_never(answer)


def _progressed_late(step: Step, attempt: int, details: msgspec.Raw, now: int) -> Event | str:
    """Nobody waits for the attempt any more. How far it got is worth knowing, unless a later one has told."""
    if details == NULL or attempt < step.progressed_in or bytes(details) == step.progress:
        return "an older attempt"
    return StepProgressedLate(step.number, attempt, now, details)


def on_due(step: Step, command: "Command[..., object] | None", saga_id: str, now: int) -> Event:
    """The attempt's deadline, or the time of the next attempt, has come."""
    if step.forward is Forward.WAITING:
        return retried(step, command, now)
    what = f"No answer to {step.command} within {step.waits_ms / 1_000:g} s."
    if step.child is not None:
        what = f"Nothing was heard of {step.child} for a while: it is asked again."
    problem = Problem(type="timeout", message=what, retryable=True)
    return _given_up_or_retried(step, command, problem, now, f"{saga_id}:{step.number}", timed_out=True)


def retried(step: Step, command: "Command[..., object] | None", now: int) -> StepRetried:
    """The step's next attempt."""
    since = now if step.forward is Forward.HELD else step.since
    return StepRetried(step.number, step.attempt + 1, now, _deadline(since, command, now))


def _attempt_failed(
    step: Step, command: "Command[..., object] | None", problem: Problem, attempt: int, saga_id: str, now: int
) -> Event | str:
    if attempt < step.attempt or step.forward is not Forward.PENDING:
        return "an older attempt"
    return _given_up_or_retried(step, command, problem, now, f"{saga_id}:{step.number}", timed_out=False)


def _given_up_or_retried(
    step: Step, command: "Command[..., object] | None", problem: Problem, now: int, seed: str, timed_out: bool
) -> Event:
    retry = _retry(command)
    insists = step.kind is RETRIABLE
    holds = retry.on_exhausted != "undo"
    may_help = insists or (problem.retryable and not retry.rules_out(problem.type))
    spent = step.attempt - step.uncounted
    counted = spent if problem.counts else spent - 1
    retry_at = within(now, now + max(retry.delay_ms(spent, seed), problem.retry_after_ms or 0))
    if may_help and ((insists and not holds) or retry.allows(counted, retry_at - step.since)):
        return StepAttemptFailed(step.number, step.attempt, problem, now, retry_at)
    if may_help and holds:
        return StepHeld(step.number, step.attempt, problem, now, retry.awaits)
    gave_up = StepTimedOut if timed_out else StepFailed
    return gave_up(step.number, step.attempt, problem, now)


def _deadline(since: int, command: "Command[..., object] | None", now: int) -> int:
    return deadline(now, _timeout_ms(command), since, _retry(command))


def _retry(command: "Command[..., object] | None") -> Retry:
    return Retry() if command is None else command.retry


def _timeout_ms(command: "Command[..., object] | None") -> int:
    return _DEFAULT_TIMEOUT_MS if command is None else command.timeout_ms
