"""For how long, and how often, an undo is tried."""

from contracts.command import Command
from contracts.retry import Retry
from coordinator.engine.state import Step

_DEFAULT_TIMEOUT_MS = 20_000
_DEFAULT_RETRY = Retry.forever()
"""For an undo whose contract is no longer deployed."""


def timeout_ms(step: Step, command: "Command[..., object] | None") -> int:
    """How long an attempt of the step's undo is waited for; ``command`` is the step's, as its call has it."""
    if command is None:
        return _DEFAULT_TIMEOUT_MS
    if step.registered:
        return command.timeout_ms
    return _DEFAULT_TIMEOUT_MS if command.undo_with is None else command.undo_with.timeout_ms


def retry(step: Step, command: "Command[..., object] | None") -> Retry:
    """How often, and how soon, the step's undo is tried again.

    A registered one has no end, unless its call gave it one: how soon the command is given up on the way forward, where
    somebody waits, says nothing about a way back.
    """
    if command is None:
        return _DEFAULT_RETRY
    if step.registered:
        own = step.override is not None and step.override.retry is not None
        return command.retry if own else command.retry.without_end
    return _DEFAULT_RETRY if command.undo_with is None else command.undo_with.retry
