"""Durations as people write them: ``"250ms"``, ``"20s"``, ``"5m"``, ``"48h"``, ``"7d"``."""

import re
from datetime import timedelta

_FORMS = "a number of seconds, a timedelta, or text such as '250ms', '20s', '5m', '48h', '7d'"
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TEXT = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")

Duration = str | int | float | timedelta


def milliseconds(duration: Duration) -> int:
    """The duration in whole milliseconds. Raises ValueError when it is negative or cannot be read."""
    match duration:
        case str():
            found = _TEXT.fullmatch(duration.strip())
            if found is None:
                raise ValueError(f"{duration!r} is not a duration: write {_FORMS}.")
            value = float(found[1]) * _UNIT_MS[found[2]]
        case timedelta():
            value = duration.total_seconds() * 1_000
        case _:
            value = duration * 1_000
    if not 0 <= value < 2**53:
        raise ValueError(f"{duration!r} is not a duration: it must not be negative or endless.")
    return round(value)
