"""The way back."""

import msgspec

from contracts.failures import Cause, Problem
from contracts.overrides import Override


class UndoRegistered(msgspec.Struct, frozen=True, gc=False, tag="undo_registered", omit_defaults=True):
    """The saga said what is to be done should it go back from here: a step of which nothing is done before."""

    step: int
    command: str
    """``notices.tell``: sent as it is, with these arguments, when the step is undone."""
    arguments: msgspec.Raw
    at: int
    scope: int | None = None
    """The innermost scope in which it was registered."""
    local: bool = False
    """The coordinator runs it itself."""
    override: Override | None = None
    """What this call has otherwise than the command declares."""
    child: str | None = None
    """It is another saga: its id."""


class CancelRequested(msgspec.Struct, frozen=True, gc=False, tag="cancel_requested"):
    """The saga is to go back as soon as no pivot is in flight: somebody cancelled it, or its deadline passed."""

    cause: Problem
    at: int


class CompensationStarted(msgspec.Struct, frozen=True, gc=False, tag="compensation_started", omit_defaults=True):
    """The saga cannot, or must not, go forward: from here only undos are sent."""

    cause: Problem
    at: int
    sort: Cause | None = None
    """None: an older release wrote it."""


class UndoIssued(msgspec.Struct, frozen=True, gc=False, tag="undo_issued"):
    """The first attempt of a step's undo was sent."""

    step: int
    at: int
    deadline: int


class UndoAttemptFailed(msgspec.Struct, frozen=True, gc=False, tag="undo_attempt_failed"):
    """An attempt failed, or nothing was heard in time; another follows at ``retry_at``."""

    step: int
    attempt: int
    problem: Problem
    at: int
    retry_at: int


class UndoRetried(msgspec.Struct, frozen=True, gc=False, tag="undo_retried"):
    """Another attempt was sent."""

    step: int
    attempt: int
    at: int
    deadline: int


class UndoProgressed(msgspec.Struct, frozen=True, gc=False, tag="undo_progressed"):
    """Whoever undoes it is still at it, or (deadline None) will answer later; a child is asked again then."""

    step: int
    attempt: int
    at: int
    deadline: int | None
    details: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    """How far it got, where that was told; the next attempt hears of it."""


class UndoSucceeded(msgspec.Struct, frozen=True, gc=False, tag="undo_succeeded"):
    """What the step did is undone, or it is certain that it never happens."""

    step: int
    attempt: int
    at: int


class UndoSkipped(msgspec.Struct, frozen=True, gc=False, tag="undo_skipped"):
    """A person decided that what the step did is not to be undone."""

    step: int
    reason: str
    at: int


class UndoHeld(msgspec.Struct, frozen=True, gc=False, tag="undo_held"):
    """The undo's budget is used up, and it waits for a signal: tried again, it has a new one."""

    step: int
    attempt: int
    problem: Problem
    at: int
    signal: str


class UndoGivenUp(msgspec.Struct, frozen=True, gc=False, tag="undo_given_up"):
    """The undo's budget is exhausted; a person must see to it."""

    step: int
    attempt: int
    problem: Problem
    at: int
