"""Where a page of the list ends, as an opaque word."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from coordinator.errors import INVALID_REQUEST, InputError, ProblemError

Position = tuple[int, str]
"""(started_at in ms, saga id)."""
_decoder = msgspec.json.Decoder(Position)
_MAX_BIGINT = 2**63 - 1


def write_cursor(position: Position) -> str:
    """The cursor of the page behind this saga."""
    return urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def read_cursor(cursor: str) -> Position:
    """The position. Raises ProblemError for a cursor that no page gave."""
    try:
        started_at, saga_id = _decoder.decode(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, msgspec.MsgspecError):
        raise _refused() from None
    if not 0 <= started_at <= _MAX_BIGINT or not saga_id.isprintable():
        raise _refused()
    return started_at, saga_id


def _refused() -> ProblemError:
    return ProblemError(
        INVALID_REQUEST,
        "The cursor is none that a page gave: follow the 'next' of a page, or leave it out to start at the newest.",
        errors=(InputError("Not a cursor.", parameter="cursor"),),
    )
