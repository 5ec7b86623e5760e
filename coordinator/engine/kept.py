"""What saga code and people say, as it can be kept: whatever it is, the event that carries it can be written and read.

An event that Postgres refuses, or that no later release can read, would stop its saga for ever.
"""

import traceback

import msgspec

from contracts.failures import Problem
from contracts.values import write_value

MAX_TEXT = 4_000
"""Longest message, in characters."""
MAX_TYPE = 200
_decoder = msgspec.json.Decoder(Problem)


def kept_text(text: object, limit: int = MAX_TEXT) -> str:
    """The text without what UTF-8 and Postgres cannot hold, and not endless."""
    try:
        plain = f"{text}"
    except Exception:
        plain = f"<{type(text).__name__} that cannot be shown>"
    if len(plain) > limit:
        plain = plain[: limit - 1] + "…"
    return plain.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")


def kept_problem(problem: Problem) -> Problem:
    """The problem as JSON gives it back, so that it is the same before and after it was written."""
    plain = Problem(
        type=kept_text(problem.type, MAX_TYPE) or "unnamed",
        message=kept_text(problem.message),
        details=problem.details,
    )
    try:
        return _decoder.decode(write_value(plain))
    except (ValueError, msgspec.MsgspecError):
        return Problem(type=plain.type, message=plain.message)


def kept_trace(error: BaseException, lines: int = 6) -> str:
    """The last lines of the error's traceback."""
    return kept_text("".join(traceback.format_exception(error)[-lines:]))


def named(error: BaseException) -> str:
    """The error's class and message, without a full stop: it goes on behind it."""
    return f"{type(error).__name__}: {kept_text(error)}".rstrip(".")
