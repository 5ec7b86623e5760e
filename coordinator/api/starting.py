"""From what a client asks for to the fact that starts a saga."""

from difflib import get_close_matches
from typing import Any, assert_never

import msgspec

from contracts.ids import saga_id
from contracts.values import OversizedValue, UnreadableValue, read_value
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
)
from coordinator.runtime.ports import SagaView
from coordinator.saga import Definitions, SagaDefinition


def start_of(parts: Parts, asked: StartBody, key: str | None, trace: str | None) -> tuple[str, Start]:
    """The id of the saga that is asked for, and the fact. ``trace`` is the client's traceparent.

    Raises ProblemError.
    """
    definition = _definition(parts.definitions, asked)
    kept = _kept(definition, asked.input)
    saga = _saga_id(definition, _value(definition, kept), key)
    traceparent = parts.begin_trace(saga, definition.name, trace)
    return saga, Start(definition.name, definition.version, kept, traceparent)


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


def _definition(definitions: Definitions, asked: StartBody) -> SagaDefinition:
    latest = definitions.latest(asked.definition)
    if latest is None:
        close = get_close_matches(asked.definition, definitions.names(), n=1)
        known = f"did you mean {close[0]}?" if close else f"it has {', '.join(definitions.names()) or 'none'}."
        raise ProblemError(
            UNKNOWN_DEFINITION,
            f"This coordinator has no saga {asked.definition[:80]!r}: {known}",
            errors=(InputError("Unknown.", pointer="/definition"),),
        )
    if asked.version is None or asked.version == latest.version:
        return latest
    definition = definitions.get(asked.definition, asked.version)
    if definition is None:
        versions = sorted(one.version for one in definitions if one.name == latest.name)
        raise ProblemError(
            UNKNOWN_DEFINITION,
            f"{latest.name} has no version {asked.version} here: it has {', '.join(map(str, versions))}.",
            errors=(InputError("Unknown.", pointer="/version"),),
        )
    return definition


def _kept(definition: SagaDefinition, raw: msgspec.Raw) -> msgspec.Raw:
    """The input, if it can be kept and sent: all of it is checked, also what the definition does not look at."""
    try:
        return read_value(memoryview(raw))
    except OversizedValue as error:
        raise ProblemError(VALUE_TOO_LARGE, str(error), errors=(InputError("Too large.", pointer="/input"),)) from None
    except UnreadableValue as error:
        raise _unfit(definition, str(error)) from None


def _value(definition: SagaDefinition, kept: msgspec.Raw) -> Any:
    try:
        return definition.read_input(kept)
    except UnreadableValue as error:
        raise _unfit(definition, str(error)) from None


def _unfit(definition: SagaDefinition, message: str) -> ProblemError:
    found = pointed_error(message, "/input")
    return ProblemError(INVALID_INPUT, f"The input does not fit {definition.name}: {found.detail}", errors=(found,))


def _saga_id(definition: SagaDefinition, value: Any, key: str | None) -> str:
    try:
        return saga_id(definition.name, definition.key_of(value) if key is None else key)
    except ValueError as error:
        pointer = "/input" if key is None and definition.key_template is not None else "/key"
        raise ProblemError(INVALID_KEY, str(error), errors=(InputError(str(error), pointer=pointer),)) from None
