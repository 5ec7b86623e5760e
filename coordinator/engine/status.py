"""The statuses of a saga."""

from enum import StrEnum


class Status(StrEnum):
    """Where a saga stands. ``lifecycle.py`` has the moves between them."""

    RUNNING = "running"
    """Going forward, or waiting to."""
    COMPENSATING = "compensating"
    """Undoing what was done."""
    PAUSED = "paused"
    """Halted by a person: nothing is sent, timers and deadlines stand still."""
    PARKED = "parked"
    """Needs a person: the saga says why and what can be done."""
    COMPLETED = "completed"
    """Went through."""
    COMPENSATED = "compensated"
    """Undone."""
    PARTIALLY_COMPENSATED = "partially_compensated"
    """Undone, but for what a person decided not to undo."""
    FAILED = "failed"
    """Did not go through; there was nothing to undo."""
    TERMINATED = "terminated"
    """Ended by a person where it stood: nothing was undone."""

    ended: bool
    """Nothing happens to the saga any more, unless it is the child of one that goes back."""


ENDED = frozenset(
    {Status.COMPLETED, Status.COMPENSATED, Status.PARTIALLY_COMPENSATED, Status.FAILED, Status.TERMINATED}
)
for each in Status:
    each.ended = each in ENDED  # an attribute: it is asked for a dozen times a saga

RUNNING = Status.RUNNING
"""Asked for as often: before Python 3.12 it takes as long to look up in its class as to call something."""
