"""Ids for signals and updates that come without one, and the refusal of what does not fit."""

import uuid
from collections.abc import Mapping
from typing import Literal, assert_never

from contracts.failures import Problem
from coordinator.api.pointers import pointed_error
from coordinator.engine.facts import Declined, Unfit
from coordinator.errors import (
    INVALID_KEY,
    INVALID_QUERY,
    INVALID_RESULT,
    INVALID_SIGNAL,
    INVALID_UPDATE,
    UNKNOWN_QUERY,
    UNKNOWN_SIGNAL,
    UNKNOWN_UPDATE,
    UPDATE_REFUSED,
    ProblemError,
    ProblemKind,
)

Word = Literal["signal", "update", "query"]
"""What was sent."""
_UNKNOWN: Mapping[Word, ProblemKind] = {"signal": UNKNOWN_SIGNAL, "update": UNKNOWN_UPDATE, "query": UNKNOWN_QUERY}
INVALID: Mapping[Word, ProblemKind] = {"signal": INVALID_SIGNAL, "update": INVALID_UPDATE, "query": INVALID_QUERY}
"""Of a value that does not fit."""


def new_id() -> str:
    """For a signal or an update whose sender gives none: each is another."""
    return str(uuid.uuid4())


def refused(problem: Problem) -> ProblemError:
    """A saga's no to an update."""
    return ProblemError(UPDATE_REFUSED, Declined(problem).message, refusal=problem)


def misfit_problem(unfit: Unfit, what: Word, pointer: str) -> ProblemError:
    """The refusal; ``pointer`` leads to the value that was sent."""
    match unfit.what:
        case "name":
            return ProblemError(_UNKNOWN[what], unfit.message)
        case "id":
            return ProblemError(INVALID_KEY, unfit.message)
        case "value":
            return _pointed(INVALID[what], f"The value does not fit the {what}", unfit.message, pointer)
        case "result":
            return _pointed(INVALID_RESULT, "The result does not fit the contract", unfit.message, "/result")
        case _:
            assert_never(unfit.what)


def _pointed(kind: ProblemKind, sentence: str, message: str, pointer: str) -> ProblemError:
    found = pointed_error(message, pointer)
    return ProblemError(kind, f"{sentence}: {found.detail}", errors=(found,))
