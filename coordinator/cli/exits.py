"""What the exit status means."""

from enum import IntEnum


class Exit(IntEnum):
    """Scripts rely on these numbers."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    UNDONE = 5
    """The saga that was waited for ended without having gone through: compensated, wholly or but for what a person
    decided not to undo; failed with nothing to undo; or terminated."""
    PARKED = 6
    """It needs a person."""
    TIMED_OUT = 7
    """It had not ended when the wait was over."""


_BY_HTTP_STATUS = {
    400: Exit.USAGE,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    413: Exit.USAGE,
    415: Exit.USAGE,
    422: Exit.USAGE,
}


def exit_of_refusal(http_status: int) -> Exit:
    """The exit status for a request that was refused."""
    return _BY_HTTP_STATUS.get(http_status, Exit.ERROR)


def exit_of_saga(status: str) -> Exit | None:
    """The exit status for a saga that was waited for; None while it goes on."""
    match status:
        case "completed":
            return Exit.OK
        case "compensated" | "partially_compensated" | "failed" | "terminated":
            return Exit.UNDONE
        case "parked":
            return Exit.PARKED
        case _:
            return None
