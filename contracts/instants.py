"""Points in time: milliseconds since 1970 UTC inside, RFC 3339 on the wire."""

from datetime import UTC, datetime
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_USUAL = 40
"""In characters. Longer texts are not worth keeping."""


def to_rfc3339(ms: int) -> str:
    """``2026-03-01T12:00:00.250Z``."""
    seconds, rest = divmod(ms, 1_000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    """Most of the thousands of messages of a second fall into the same few."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def from_rfc3339(text: str) -> int:
    """Milliseconds since 1970. Raises ValueError when it is no RFC 3339 time with an offset."""
    return _kept(text) if len(text) <= _USUAL else _parse(text)


def _parse(text: str) -> int:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset: end it with 'Z' or '+hh:mm'.")
    return round((instant - _EPOCH).total_seconds() * 1_000)


_kept = lru_cache(maxsize=256)(_parse)
"""The messages of one batch were decided at the same time."""
