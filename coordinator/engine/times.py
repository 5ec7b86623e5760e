"""Times that can be written."""

from contracts.command import Command
from contracts.retry import Retry

LATEST = 253_402_300_799_000
"""The last second of the year 9999, in ms since 1970: no calendar in Postgres, Python or RFC 3339 goes further."""

ASK_AGAIN_MS = 24 * 3_600_000
"""A child that is under way is asked so often how it stands: what it said may have been lost with a broker."""


def within(now: int, at: int) -> int:
    """The time in ms, after now and within the calendar.

    What is asked for now is due later, be it a millisecond: so whatever is due at one moment can be gone through.
    """
    if at >= LATEST:
        return LATEST
    return at if at > now else now + 1


def deadline(now: int, timeout_ms: int, since: int, retry: Retry) -> int:
    """When an attempt that is sent now stops being waited for; the first one was sent at ``since``.

    Past the total time there are only attempts that a person asked for, and those have the whole timeout.
    """
    at = now + timeout_ms
    if retry.total is not None and (end := since + (retry.total_ms or 0)) > now:
        at = min(at, end)
    return within(now, at)


def pending_ms(said: int | None, command: "Command[..., object] | None") -> int | None:
    """How long an answer is waited for that is to come later; None: as long as it takes."""
    most = None if command is None else command.pending_timeout_ms
    return most if said is None or (most is not None and most < said) else said
