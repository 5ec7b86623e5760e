"""POST /v1/sagas: the hot path of the interface."""

from difflib import get_close_matches
from typing import Any, assert_never

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.failpoints import failpoint
from contracts.ids import saga_id
from contracts.values import OversizedValue, UnreadableValue, read_value
from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.api.bodies import decode_body, read_body
from coordinator.api.parts import Parts, parts_of
from coordinator.api.pointers import pointed_error
from coordinator.api.preferences import IDEMPOTENCY_KEY, chosen_key, preferred_wait_s
from coordinator.api.quick_route import QuickRoute
from coordinator.api.views import AcceptedBody, SagaBody, StartBody, saga_path
from coordinator.api.waiting import AwaitedSaga, has_ended, is_settled
from coordinator.engine.facts import Accepted, Conflict, Ignored, Known, Start, Verdict
from coordinator.errors import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INPUT_CONFLICT,
    INTERNAL,
    INVALID_INPUT,
    INVALID_KEY,
    INVALID_REQUEST,
    NOT_READY,
    OUTCOME_UNKNOWN,
    OVERLOADED,
    STORE_UNAVAILABLE,
    UNKNOWN_DEFINITION,
    VALUE_TOO_LARGE,
    WRONG_CONTENT_TYPE,
    InputError,
    ProblemError,
)
from coordinator.runtime.ports import SagaView
from coordinator.saga import Definitions, SagaDefinition

router = APIRouter(route_class=QuickRoute, tags=["sagas"])
_decoder = msgspec.json.Decoder(StartBody)


@router.post(
    "/v1/sagas",
    operation_id="start_saga",
    summary="Start a saga",
    status_code=202,
    response_class=Response,
    responses={
        200: described.answer(
            SagaBody,
            "The saga has ended: it existed already, or it ended within the wait that was asked for.",
            "completed",
            "Preference-Applied: the wait that was granted",
        ),
        202: described.answer(
            AcceptedBody,
            "The saga is there, and will end one way or the other. Asking again with the same key and input is safe.",
            "accepted",
            "Location: where the saga is found",
            "Preference-Applied: the wait that was granted",
        ),
        **described.refusals(
            BROKEN_JSON,
            UNKNOWN_DEFINITION,
            BODY_TIMEOUT,
            INPUT_CONFLICT,
            BODY_TOO_LARGE,
            VALUE_TOO_LARGE,
            WRONG_CONTENT_TYPE,
            INVALID_REQUEST,
            INVALID_INPUT,
            INVALID_KEY,
            OVERLOADED,
            INTERNAL,
            NOT_READY,
            STORE_UNAVAILABLE,
            OUTCOME_UNKNOWN,
        ),
    },
    openapi_extra={
        **described.body(StartBody, "start"),
        "parameters": [
            described.header(IDEMPOTENCY_KEY, "The saga's key, instead of the body's.", "trip-1"),
            described.header("Prefer", "`wait=N`: answer when the saga has ended, after N seconds at most.", "wait=5"),
            described.header(
                "traceparent",
                "W3C trace context: the saga joins this trace.",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ),
        ],
    },
)
async def start_saga(request: Request) -> Response:
    """Starts a saga, or finds the one that this key and input have started before.

    It is answered once the start is kept for good.
    """
    parts = parts_of(request)
    headers = dict(reversed(request.scope["headers"]))  # of equal names the first counts
    asked = decode_body(await read_body(request, parts.limits), _decoder)
    definition = _definition(parts.definitions, asked)
    kept = _kept(definition, asked.input)
    saga = _saga_id(definition, _value(definition, kept), chosen_key(asked.key, _text(headers.get(b"idempotency-key"))))
    traceparent = parts.begin_trace(saga, definition.name, _text(headers.get(b"traceparent")))
    fact = Start(definition.name, definition.version, kept, traceparent)
    wait_s = preferred_wait_s(_text(headers.get(b"prefer")), parts.limits.wait_s)
    if wait_s is None:
        verdict = await parts.intake.submit(saga, fact)
        failpoint("start_unanswered")
        return _answer(fact, saga, await _found(parts, saga, verdict), {})
    with AwaitedSaga(parts, saga) as awaited:
        verdict = await parts.intake.submit(saga, fact)
        failpoint("start_unanswered")
        view = await _found(parts, saga, verdict)
        if view is None or not is_settled(view):
            view = await awaited.end(wait_s) or view
    return _answer(fact, saga, view, {"Preference-Applied": f"wait={wait_s:g}"})


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")


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


async def _found(parts: Parts, saga: str, verdict: Verdict) -> SagaView | None:
    """The saga that existed before; None for one that has just begun. Raises ProblemError for a conflict."""
    match verdict:
        case Accepted():
            return None
        case Known() | Ignored():
            return await parts.sagas.saga(saga)
        case Conflict(message):
            raise ProblemError(INPUT_CONFLICT, message)
        case _:
            assert_never(verdict)


def _answer(fact: Start, saga: str, view: SagaView | None, headers: dict[str, str]) -> Response:
    path = saga_path(saga)
    headers["Location"] = path
    if view is None:
        return json_answer(AcceptedBody(saga, fact.definition, fact.version, "running", path), 202, headers)
    if has_ended(view):
        return json_answer(SagaBody.of(view), 200, headers)
    return json_answer(AcceptedBody.of(view), 202, headers)
