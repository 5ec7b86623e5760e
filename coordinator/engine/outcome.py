"""How a saga's end is written down."""

import msgspec

from contracts.failures import Problem


class _Outcome(msgspec.Struct):
    result: msgspec.Raw


_decoder = msgspec.json.Decoder(_Outcome)
_encoder = msgspec.json.Encoder()


def result_outcome(result: msgspec.Raw) -> bytes:
    """``{"result": …}``."""
    return b'{"result":' + bytes(result) + b"}"


def read_result(outcome: bytes | None) -> msgspec.Raw:
    """The result of an outcome that has one."""
    assert outcome is not None, "it went through"
    return _decoder.decode(outcome).result


def parked_problem(why: str, message: str) -> Problem:
    """For what a saga is parked."""
    return Problem(type=f"parked_for_{why}", message=message)


def problem_outcome(problem: Problem | None, cause: str | None = None) -> bytes:
    """``{"problem": …, "cause": "refused"}``; without a cause where an older release has not kept it, while it is
    parked, and where a person has ended it."""
    ending = b"}" if cause is None else b',"cause":"' + cause.encode() + b'"}'
    return b'{"problem":' + _encoder.encode(problem) + ending
