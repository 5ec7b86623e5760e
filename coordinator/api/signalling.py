"""Ids for signals that come without one, and the refusal of what does not fit."""

import uuid
from typing import assert_never

from coordinator.api.pointers import pointed_error
from coordinator.engine.facts import Unfit
from coordinator.errors import (
    INVALID_KEY,
    INVALID_RESULT,
    INVALID_SIGNAL,
    UNKNOWN_SIGNAL,
    ProblemError,
    ProblemKind,
)


def new_signal_id() -> str:
    """For a signal whose sender gives none: each is another."""
    return str(uuid.uuid4())


def misfit_problem(unfit: Unfit, pointer: str) -> ProblemError:
    """The refusal; ``pointer`` leads to a signal's value."""
    match unfit.what:
        case "name":
            return ProblemError(UNKNOWN_SIGNAL, unfit.message)
        case "id":
            return ProblemError(INVALID_KEY, unfit.message)
        case "value":
            return _pointed(INVALID_SIGNAL, "The value does not fit the signal", unfit.message, pointer)
        case "result":
            return _pointed(INVALID_RESULT, "The result does not fit the contract", unfit.message, "/result")
        case _:
            assert_never(unfit.what)


def _pointed(kind: ProblemKind, sentence: str, message: str, pointer: str) -> ProblemError:
    found = pointed_error(message, pointer)
    return ProblemError(kind, f"{sentence}: {found.detail}", errors=(found,))
