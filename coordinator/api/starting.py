"""From what a client asks for to the fact that starts a saga, and from its verdict to the answer."""

from typing import assert_never

import msgspec

from coordinator.api.bodies import kept_value
from coordinator.api.parts import Parts
from coordinator.api.pointers import pointed_error
from coordinator.api.signalling import misfit_problem, new_id, refused
from coordinator.api.views import StartBody
from coordinator.engine.facts import Accepted, Conflict, Declined, Ignored, Known, Signal, Start, Unfit, Update, Verdict
from coordinator.errors import (
    INPUT_CONFLICT,
    INTERNAL,
    INVALID_INPUT,
    INVALID_KEY,
    INVALID_REQUEST,
    INVALID_SIGNAL,
    INVALID_UPDATE,
    SAGA_CONFLICT,
    UNKNOWN_DEFINITION,
    VALUE_TOO_LARGE,
    InputError,
    ProblemError,
    ProblemKind,
)
from coordinator.runtime.ports import SagaView
from coordinator.runtime.starting import (
    OversizedInput,
    UnfitAttributes,
    UnfitInput,
    UnknownDefinition,
    Unstartable,
    UnusableKey,
)


def start_of(parts: Parts, asked: StartBody, key: str | None, trace: str | None) -> tuple[str, Start]:
    """The id of the saga that is asked for, and the fact. ``trace`` is the client's traceparent.

    Raises ProblemError.
    """
    try:
        saga, start = parts.starting.fact(asked.definition, asked.input, key, asked.version, trace, asked.attributes)
    except UnknownDefinition as error:
        raise _problem(UNKNOWN_DEFINITION, error, "Unknown.", "/version" if error.version else "/definition") from None
    except OversizedInput as error:
        raise _problem(VALUE_TOO_LARGE, error, "Too large.", "/input") from None
    except UnfitInput as error:
        found = pointed_error(error.misfit, "/input")
        detail = f"The input does not fit {error.definition}: {found.detail}"
        raise ProblemError(INVALID_INPUT, detail, errors=(found,)) from None
    except UnfitAttributes as error:
        pointer = f"/attributes/{error.name}" if error.name else "/attributes"
        raise _problem(INVALID_REQUEST, error, str(error), pointer) from None
    except UnusableKey as error:
        raise _problem(INVALID_KEY, error, str(error), "/input" if error.derived else "/key") from None
    return saga, msgspec.structs.replace(start, sent=_sent(asked)) if asked.sends else start


def _sent(asked: StartBody) -> Signal | Update:
    signal, update = asked.signal, asked.update
    if signal is not None and update is not None:
        detail = "A start brings a signal or an update: send the other by itself, once the saga is there."
        raise ProblemError(INVALID_REQUEST, detail, errors=(InputError("There is a signal too.", pointer="/update"),))
    if signal is not None:
        value = kept_value(signal.value, "/signal/value", INVALID_SIGNAL)
        return Signal(signal.name, signal.id or new_id(), value)
    assert update is not None, "it sends something"
    return Update(update.name, update.id or new_id(), kept_value(update.value, "/update/value", INVALID_UPDATE))


async def known_before(parts: Parts, saga: str, start: Start, verdict: Verdict) -> SagaView | None:
    """The saga that existed before; None for one that has just begun. Raises ProblemError when there is neither."""
    match verdict:
        case Accepted(existing=False):
            return None
        case Known() | Accepted():
            return await parts.sagas.saga(saga)
        case Conflict(message, other_input):
            raise ProblemError(INPUT_CONFLICT if other_input else SAGA_CONFLICT, message)
        case Unfit():
            what = "update" if isinstance(start.sent, Update) else "signal"
            raise misfit_problem(verdict, what, f"/{what}/value")
        case Declined(problem):
            raise refused(problem)
        case Ignored():
            detail = f"{saga} could not be started; the coordinator's log has the details."
            raise ProblemError(INTERNAL, detail)
        case _:
            assert_never(verdict)


def _problem(kind: ProblemKind, error: Unstartable, words: str, pointer: str) -> ProblemError:
    return ProblemError(kind, str(error), errors=(InputError(words, pointer=pointer),))
