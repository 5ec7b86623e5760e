"""How a saga's end is written down."""

import msgspec

from contracts.failures import Cause, Problem


class _Went(msgspec.Struct):
    result: msgspec.Raw


class WentBack(msgspec.Struct, frozen=True):
    """The outcome of a saga that did not go through."""

    problem: Problem | None = None
    cause: Cause | None = None


_went = msgspec.json.Decoder(_Went)
_went_back = msgspec.json.Decoder(WentBack)
_encoder = msgspec.json.Encoder()


def result_outcome(result: msgspec.Raw) -> bytes:
    """``{"result": …}``."""
    return b'{"result":' + bytes(result) + b"}"


def read_result(outcome: bytes | None) -> msgspec.Raw:
    """The result of an outcome that has one."""
    assert outcome is not None, "it went through"
    return _went.decode(outcome).result


def read_problem(outcome: bytes | None) -> WentBack:
    """Why the saga of an outcome went back, or was ended."""
    assert outcome is not None, "an ended saga has one"
    return _went_back.decode(outcome)


def parked_problem(why: str, message: str) -> Problem:
    """For what a saga is parked."""
    return Problem(type=f"parked_for_{why}", message=message)


def problem_outcome(problem: Problem | None, cause: str | None = None) -> bytes:
    """``{"problem": …, "cause": "refused"}``; without a cause where an older release has not kept it, while it is
    parked, and where a person has ended it."""
    ending = b"}" if cause is None else b',"cause":"' + cause.encode() + b'"}'
    return b'{"problem":' + _encoder.encode(problem) + ending
