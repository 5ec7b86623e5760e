"""From a signal that a client sends to the fact's parts, and from a verdict that it does not fit to the refusal."""

import uuid
from typing import assert_never

import msgspec

from contracts.values import OversizedValue, UnreadableValue, read_value
from coordinator.api.pointers import pointed_error
from coordinator.engine.facts import Unfit
from coordinator.errors import (
    INVALID_KEY,
    INVALID_RESULT,
    INVALID_SIGNAL,
    UNKNOWN_SIGNAL,
    VALUE_TOO_LARGE,
    InputError,
    ProblemError,
)


def new_signal_id() -> str:
    """For a signal whose sender gives none: each is another."""
    return str(uuid.uuid4())


def signal_value(given: msgspec.Raw, pointer: str) -> msgspec.Raw:
    """The value, if it can be kept. Raises ProblemError."""
    try:
        return read_value(memoryview(given))
    except OversizedValue as error:
        raise ProblemError(VALUE_TOO_LARGE, str(error), errors=(InputError("Too large.", pointer=pointer),)) from None
    except UnreadableValue as error:
        raise ProblemError(INVALID_SIGNAL, str(error), errors=(InputError(str(error), pointer=pointer),)) from None


def misfit_problem(unfit: Unfit, pointer: str) -> ProblemError:
    """The refusal; ``pointer`` leads to the value."""
    match unfit.what:
        case "name":
            return ProblemError(UNKNOWN_SIGNAL, unfit.message)
        case "id":
            return ProblemError(INVALID_KEY, unfit.message)
        case "value":
            found = pointed_error(unfit.message, pointer)
            return ProblemError(INVALID_SIGNAL, f"The value does not fit the signal: {found.detail}", errors=(found,))
        case "result":
            found = pointed_error(unfit.message, pointer)
            return ProblemError(
                INVALID_RESULT, f"The result does not fit the contract: {found.detail}", errors=(found,)
            )
        case _:
            assert_never(unfit.what)
