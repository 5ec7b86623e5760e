"""What code that carries out a command answers when it raises."""

from typing import Literal

import msgspec

from contracts.answers import Failure, Refusal
from contracts.failures import Failed, Problem, Refused
from contracts.values import OversizedValue, UnreadableValue, write_value

MAX_MESSAGE_LENGTH = 1_000
"""In characters, of an unexpected exception's text."""


def answer_to(
    error: BaseException,
    name: str,
    *,
    forward: bool,
    refusable: bool,
    source: BaseException | None = None,
    does: Literal["sent", "kept"],
) -> Refusal | Failure:
    """The answer of what is called ``name``. What nobody expected may be tried again.

    ``forward``: it is no undo. ``refusable``: it may say no; where it may not, a no is a failure, since kept for ever
    it would stand in the way of every further attempt, and on the way forward there will be more. ``source`` has the
    words of an unexpected exception, if they are not its own. ``does`` is what is done with answers here.
    """
    match error:
        case Refused() if refusable:
            answer = Refusal(error.problem)
        case Refused():
            answer = Failure(msgspec.structs.replace(error.problem, retryable=forward))
        case Failed():
            answer = Failure(error.problem)
        case _:
            answer = Failure(Problem(type(error).__name__, _sentence(source or error), retryable=True))
    try:
        write_value(answer.problem)
    except (UnreadableValue, OversizedValue) as unwritable:
        sentence = f"{name} raised {type(error).__name__} with what cannot be {does}. {unwritable}"
        return Failure(Problem("unwritable_result", sentence))
    return answer


def _sentence(error: BaseException) -> str:
    return f"{error}"[:MAX_MESSAGE_LENGTH].replace("\0", "").encode(errors="replace").decode()
