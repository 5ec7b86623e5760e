"""What the code asks for, as events."""

from typing import Any

import msgspec

from contracts.command import Command
from coordinator.engine.times import deadline
from coordinator.history.deadlines import DeadlineExtended
from coordinator.history.events import Asked
from coordinator.history.scopes import ScopeOpened, ScopeUndoStarted
from coordinator.history.signals import SignalAbandoned, SignalAwaited, SignalTaken
from coordinator.history.steps import StepAbandoned, StepIssued
from coordinator.history.timers import TimerCancelled, TimerStarted
from coordinator.history.undos import UndoRegistered
from coordinator.history.updates import UpdateAnswered, UpdateRefused


def step_issued(
    step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None, now: int
) -> StepIssued:
    """A step's first attempt, sent now."""
    return StepIssued(
        step=step,
        command=command.type,
        arguments=arguments,
        kind=command.kind,
        undoable=command.undo_with is not None,
        at=now,
        deadline=deadline(now, command.timeout_ms, now, command.retry),
        scope=scope,
        local=command.local,
        override=command.override,
        child=child,
    )


def undo_registered(
    step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None, now: int
) -> UndoRegistered:
    """A step of which nothing is done before it is undone."""
    return UndoRegistered(
        step=step,
        command=command.type,
        arguments=arguments,
        at=now,
        scope=scope,
        local=command.local,
        override=command.override,
        child=child,
    )


def same(asked: Asked, logged: object) -> bool:
    """Whether the code asks for what the log says it asked for.

    Arguments, the id of a child that comes of them, and times are not compared: a field with a default that a contract
    gained is not another request.
    """
    match asked, logged:
        case (StepIssued(step, command, scope=scope), StepIssued()) | (
            UndoRegistered(step, command, scope=scope),
            UndoRegistered(),
        ):
            return step == logged.step and command == logged.command and scope == logged.scope
        case (TimerStarted(timer), TimerStarted()) | (TimerCancelled(timer), TimerCancelled()):
            return timer == logged.timer
        case StepAbandoned(step), StepAbandoned():
            return step == logged.step
        case SignalAwaited(wait, name), SignalAwaited():
            return wait == logged.wait and name == logged.name
        case SignalTaken(signal, _, wait), SignalTaken():
            return signal == logged.signal and wait == logged.wait
        case SignalAbandoned(wait), SignalAbandoned():
            return wait == logged.wait
        case (UpdateAnswered(update), UpdateAnswered(number)) | (UpdateRefused(update), UpdateRefused(number)):
            return update == number
        case ScopeOpened(scope, _, outer), ScopeOpened(number, _, other):
            return scope == number and outer == other
        case ScopeUndoStarted(scope), ScopeUndoStarted(number):
            return scope == number
        case DeadlineExtended(), DeadlineExtended():
            return True
        case _:
            return False


def in_words(event: object) -> str:
    """The request as it is shown to people who look for the difference."""
    match event:
        case None:
            return "nothing more"
        case StepIssued(step, command, scope=scope):
            return f"step {step}: {command}{_within(scope)}"
        case UndoRegistered(step, command, scope=scope):
            return f"step {step}: {command} registered as an undo{_within(scope)}"
        case StepAbandoned(step):
            return f"no longer waiting for step {step}"
        case TimerStarted(timer):
            return f"timer {timer} started"
        case TimerCancelled(timer):
            return f"timer {timer} cancelled"
        case SignalAwaited(_, name):
            return f"waiting for the signal {name}"
        case SignalTaken(signal):
            return f"signal {signal} taken"
        case SignalAbandoned(wait):
            return f"no longer waiting for a signal (wait {wait})"
        case ScopeOpened(scope):
            return f"scope {scope} opened"
        case ScopeUndoStarted(scope):
            return f"scope {scope} to be undone"
        case UpdateAnswered(update):
            return f"update {update} answered"
        case UpdateRefused(update):
            return f"update {update} refused"
        case DeadlineExtended():
            return "the saga's deadline extended"
        case _:
            return f"nothing more before {type(event).__name__}"


def _within(scope: int | None) -> str:
    return "" if scope is None else f" in scope {scope}"
