"""Points in time: milliseconds since 1970 UTC inside, RFC 3339 on the wire."""

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_rfc3339(ms: int) -> str:
    """``2026-03-01T12:00:00.250Z``."""
    seconds, rest = divmod(ms, 1_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def from_rfc3339(text: str) -> int:
    """Milliseconds since 1970. Raises ValueError when it is no RFC 3339 time with an offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset: end it with 'Z' or '+hh:mm'.")
    return round((instant - _EPOCH).total_seconds() * 1_000)
