"""Which events the saga's code hears of, and how. Shared by live work and replay, so that both feed alike."""

from typing import Any

import msgspec

from contracts.values import UnreadableValue
from coordinator.engine.run import Run
from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued
from coordinator.history.scopes import ScopeUndone
from coordinator.history.signals import SignalReceived
from coordinator.history.started import SagaStarted
from coordinator.history.steps import StepFailed, StepRefused, StepSucceeded, StepTimedOut
from coordinator.history.timers import TimerFired
from coordinator.history.updates import UpdateAccepted

FED = frozenset(
    {
        *(SagaStarted, StepSucceeded, StepRefused, StepFailed, StepTimedOut),
        *(TimerFired, SignalReceived, UpdateAccepted, ScopeUndone, SagaContinued),
    }
)
"""The events that wake the code up."""


class UnreadableInput(Exception):
    """The saga's input no longer fits its definition."""


def feed(run: Run, event: Event) -> None:
    """Tells the code and runs it until it is idle. Raises UnreadableInput."""
    match event:
        case StepSucceeded():
            run.succeed(event.step, event.result, event.at)
        case SagaStarted():
            run.begin(_input(run, event.input), event.at)
        case StepRefused(step, _, problem, at):
            run.refuse(step, problem, at)
        case StepFailed(step, _, problem, at):
            run.give_up(step, problem, at, timed_out=False)
        case StepTimedOut(step, _, problem, at):
            run.give_up(step, problem, at, timed_out=True)
        case TimerFired(timer, at):
            run.fire(timer, at)
        case SignalReceived(signal, name, id, value, at):
            run.receive(signal, name, id, value, at)
        case UpdateAccepted(update, name, id, value, at):
            run.accept(update, name, id, value, at)
        case ScopeUndone(scope, at):
            run.scope_undone(scope, at)
        case SagaContinued(input=data):
            run.go_on(_input(run, data), event)
        case _:
            return


def _input(run: Run, data: msgspec.Raw) -> Any:
    try:
        return run.definition.read_input(data)
    except UnreadableValue as error:
        raise UnreadableInput(f"The input does not fit {run.definition!r}: {error}") from error
