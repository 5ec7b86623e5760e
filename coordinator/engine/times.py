"""Times that can be written."""

LATEST = 253_402_300_799_000
"""The last second of the year 9999, in ms since 1970: no calendar in Postgres, Python or RFC 3339 goes further."""


def within(now: int, at: float) -> int:
    """The time in ms, after now and within the calendar.

    What is asked for now is due later, be it a millisecond: so whatever is due at one moment can be gone through.
    """
    return LATEST if at >= LATEST else max(now + 1, round(at))
