"""Times that code is given: the one place of the core that knows of calendars, and it reads no clock."""

from datetime import UTC, datetime


def instant(ms: int) -> datetime:
    """The time so many ms after 1970, in UTC."""
    return datetime.fromtimestamp(ms / 1_000, UTC)
