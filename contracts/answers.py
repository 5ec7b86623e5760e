"""The five things a participant can answer. A closed union: match on it and end with assert_never."""

from typing import Annotated

import msgspec

from contracts.failures import Problem


class Success(msgspec.Struct, frozen=True, tag="succeeded"):
    """Done; ``result`` is the command's result as JSON (``null`` for an undo)."""

    result: msgspec.Raw


class Refusal(msgspec.Struct, frozen=True, tag="refused"):
    """A business no: nothing was done, and trying again will not help."""

    problem: Problem


class Failure(msgspec.Struct, frozen=True, tag="failed"):
    """A technical failure: nothing was done by this attempt; ``problem.retryable`` says whether to try again."""

    problem: Problem


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """Still at it: extends the attempt's deadline by the command's timeout."""

    details: msgspec.Raw


class Pending(msgspec.Struct, frozen=True, tag="pending"):
    """Accepted; the outcome comes later by command id, in so many milliseconds at most; None: in any time."""

    timeout_ms: int | None = None


class Later(msgspec.Struct, frozen=True, omit_defaults=True):
    """The value of a pending reply: how long to wait for the outcome; left out, or no value at all: any time."""

    timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None


Answer = Success | Refusal | Failure | Progress | Pending
