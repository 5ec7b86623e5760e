"""From what a client asks for to the fact that starts a saga, and from its verdict to the answer."""

from typing import assert_never

from coordinator.api.parts import Parts
from coordinator.api.pointers import pointed_error
from coordinator.api.views import StartBody
from coordinator.engine.facts import Accepted, Conflict, Ignored, Known, Start, Unfit, Verdict
from coordinator.errors import (
    INPUT_CONFLICT,
    INTERNAL,
    INVALID_INPUT,
    INVALID_KEY,
    UNKNOWN_DEFINITION,
    VALUE_TOO_LARGE,
    InputError,
    ProblemError,
    ProblemKind,
)
from coordinator.runtime.ports import SagaView
from coordinator.runtime.starting import OversizedInput, UnfitInput, UnknownDefinition, Unstartable, UnusableKey


def start_of(parts: Parts, asked: StartBody, key: str | None, trace: str | None) -> tuple[str, Start]:
    """The id of the saga that is asked for, and the fact. ``trace`` is the client's traceparent.

    Raises ProblemError.
    """
    try:
        return parts.starting.fact(asked.definition, asked.input, key, asked.version, trace)
    except UnknownDefinition as error:
        raise _problem(UNKNOWN_DEFINITION, error, "Unknown.", "/version" if error.version else "/definition") from None
    except OversizedInput as error:
        raise _problem(VALUE_TOO_LARGE, error, "Too large.", "/input") from None
    except UnfitInput as error:
        found = pointed_error(error.misfit, "/input")
        detail = f"The input does not fit {error.definition}: {found.detail}"
        raise ProblemError(INVALID_INPUT, detail, errors=(found,)) from None
    except UnusableKey as error:
        raise _problem(INVALID_KEY, error, str(error), "/input" if error.derived else "/key") from None


async def known_before(parts: Parts, saga: str, verdict: Verdict) -> SagaView | None:
    """The saga that existed before; None for one that has just begun. Raises ProblemError when there is neither."""
    match verdict:
        case Accepted():
            return None
        case Known():
            return await parts.sagas.saga(saga)
        case Conflict(message):
            raise ProblemError(INPUT_CONFLICT, message)
        case Ignored() | Unfit():
            detail = f"{saga} could not be started; the coordinator's log has the details."
            raise ProblemError(INTERNAL, detail)
        case _:
            assert_never(verdict)


def _problem(kind: ProblemKind, error: Unstartable, words: str, pointer: str) -> ProblemError:
    return ProblemError(kind, str(error), errors=(InputError(words, pointer=pointer),))
