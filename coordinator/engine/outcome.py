"""How a saga's end is written down."""

import msgspec

from contracts.failures import Problem

_encoder = msgspec.json.Encoder()


def result_outcome(result: msgspec.Raw) -> bytes:
    """``{"result": …}``."""
    return b'{"result":' + bytes(result) + b"}"


def problem_outcome(problem: Problem | None) -> bytes:
    """``{"problem": …}``."""
    return b'{"problem":' + _encoder.encode(problem) + b"}"
