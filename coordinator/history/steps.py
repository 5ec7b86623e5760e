"""The forward path of one step. Steps are numbered from 1 in the order in which the saga asked for them."""

import msgspec

from contracts.failures import Problem
from contracts.kinds import Kind
from contracts.overrides import Override


class StepIssued(msgspec.Struct, frozen=True, gc=False, tag="step_issued", omit_defaults=True):
    """The saga asked for a command: its first attempt."""

    step: int
    command: str
    """``flights.reserve``."""
    arguments: msgspec.Raw
    kind: Kind
    undoable: bool
    """Kept here, so that the way back needs no code."""
    at: int
    deadline: int
    scope: int | None = None
    """The innermost scope in which it was asked for."""
    local: bool = False
    """The coordinator runs it itself. Kept here too: what was done here is undone here, whatever the contract says."""
    override: Override | None = None
    """What this call has otherwise than the command declares."""
    child: str | None = None
    """The step is another saga: its id."""


class StepAttemptFailed(msgspec.Struct, frozen=True, gc=False, tag="step_attempt_failed"):
    """An attempt failed, or nothing was heard in time; another follows at ``retry_at``."""

    step: int
    attempt: int
    problem: Problem
    at: int
    retry_at: int


class StepRetried(msgspec.Struct, frozen=True, gc=False, tag="step_retried"):
    """Another attempt was sent."""

    step: int
    attempt: int
    at: int
    deadline: int


class StepHeld(msgspec.Struct, frozen=True, gc=False, tag="step_held", omit_defaults=True):
    """Its budget is used up, and it is not given up: tried again, it has a new one."""

    step: int
    attempt: int
    problem: Problem
    at: int
    signal: str | None = None
    """Tried again when this signal comes; None: the saga is parked for it."""


class StepProgressed(msgspec.Struct, frozen=True, gc=False, tag="step_progressed", omit_defaults=True):
    """The participant is still at it, or (deadline None) will complete the command later."""

    step: int
    attempt: int
    at: int
    details: msgspec.Raw
    deadline: int | None = None


class StepProgressedLate(msgspec.Struct, frozen=True, gc=False, tag="step_progressed_late"):
    """An attempt that nobody waits for any more had got further than was known: the next one hears of it."""

    step: int
    attempt: int
    at: int
    details: msgspec.Raw


class StepSucceeded(msgspec.Struct, frozen=True, gc=False, tag="step_succeeded"):
    """The command did what it is for."""

    step: int
    attempt: int
    result: msgspec.Raw
    at: int


class StepRefused(msgspec.Struct, frozen=True, gc=False, tag="step_refused"):
    """A business no: nothing was done."""

    step: int
    attempt: int
    problem: Problem
    at: int


class StepFailed(msgspec.Struct, frozen=True, gc=False, tag="step_failed"):
    """Given up after a failure. An earlier attempt may have had an effect, so the step is undone like an unknown."""

    step: int
    attempt: int
    problem: Problem
    at: int


class StepTimedOut(msgspec.Struct, frozen=True, gc=False, tag="step_timed_out"):
    """Given up without an answer: the outcome is unknown."""

    step: int
    attempt: int
    problem: Problem
    at: int


class StepAbandoned(msgspec.Struct, frozen=True, gc=False, tag="step_abandoned"):
    """The saga stopped waiting for it. Its outcome is unknown, so it is undone; what cannot be undone goes on alone."""

    step: int
    at: int
