"""The statuses of a saga."""

from enum import StrEnum


class Status(StrEnum):
    """Where a saga stands. ``lifecycle.py`` has the moves between them."""

    RUNNING = "running"
    """Going forward, or waiting to."""
    COMPENSATING = "compensating"
    """Undoing what was done."""
    PARKED = "parked"
    """Needs a person: the saga says why and what can be done."""
    COMPLETED = "completed"
    """Went through."""
    COMPENSATED = "compensated"
    """Undone."""
    FAILED = "failed"
    """Did not go through; there was nothing to undo."""

    @property
    def ended(self) -> bool:
        """Nothing can happen to the saga any more."""
        return self in ENDED


ENDED = frozenset({Status.COMPLETED, Status.COMPENSATED, Status.FAILED})
