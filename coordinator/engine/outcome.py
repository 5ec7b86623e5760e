"""How a saga's end is written down."""

import msgspec

from contracts.failures import Problem

_encoder = msgspec.json.Encoder()


def result_outcome(result: msgspec.Raw) -> bytes:
    """``{"result": …}``."""
    return b'{"result":' + bytes(result) + b"}"


def problem_outcome(problem: Problem | None, cause: str | None = None) -> bytes:
    """``{"problem": …, "cause": "refused"}``; without a cause where an older release has not kept it, while it is
    parked, and where a person has ended it."""
    ending = b"}" if cause is None else b',"cause":"' + cause.encode() + b'"}'
    return b'{"problem":' + _encoder.encode(problem) + ending
