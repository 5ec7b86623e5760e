"""POST /v1/sagas: the hot path of the interface."""

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.failpoints import failpoint
from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.api.bodies import decode_body, read_body
from coordinator.api.parts import parts_of
from coordinator.api.preferences import IDEMPOTENCY_KEY, chosen_key, preferred_wait_s
from coordinator.api.quick_route import QuickRoute
from coordinator.api.starting import known_before, start_of
from coordinator.api.updating import ask
from coordinator.api.views import AcceptedBody, SagaBody, StartBody, saga_path
from coordinator.api.waiting import AwaitedSaga, has_ended, is_settled
from coordinator.engine.facts import Start, Update
from coordinator.errors import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INPUT_CONFLICT,
    INTERNAL,
    INVALID_INPUT,
    INVALID_KEY,
    INVALID_REQUEST,
    INVALID_SIGNAL,
    INVALID_UPDATE,
    NOT_READY,
    OUTCOME_UNKNOWN,
    OVERLOADED,
    SAGA_CONFLICT,
    STORE_UNAVAILABLE,
    UNKNOWN_DEFINITION,
    UNKNOWN_SIGNAL,
    UNKNOWN_UPDATE,
    UNREADABLE_HISTORY,
    UPDATE_REFUSED,
    VALUE_TOO_LARGE,
    WRONG_CONTENT_TYPE,
)
from coordinator.runtime.ports import SagaView

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
            SAGA_CONFLICT,
            BODY_TOO_LARGE,
            VALUE_TOO_LARGE,
            WRONG_CONTENT_TYPE,
            INVALID_REQUEST,
            INVALID_INPUT,
            UNKNOWN_SIGNAL,
            INVALID_SIGNAL,
            UNKNOWN_UPDATE,
            INVALID_UPDATE,
            UPDATE_REFUSED,
            INVALID_KEY,
            OVERLOADED,
            INTERNAL,
            UNREADABLE_HISTORY,
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
            described.traceparent("W3C trace context: the saga joins this trace."),
        ],
    },
)
async def start_saga(request: Request) -> Response:
    """Starts a saga, or finds the one that this key and input have started before.

    It is answered once the start is kept for good; with an update, as that is answered.
    """
    parts = parts_of(request)
    headers = dict(reversed(request.scope["headers"]))  # of equal names the first counts
    asked = decode_body(await read_body(request, parts.limits), _decoder)
    key = chosen_key(asked.key, _text(headers.get(b"idempotency-key")))
    saga, fact = start_of(parts, asked, key, _text(headers.get(b"traceparent")))
    wait_s = preferred_wait_s(_text(headers.get(b"prefer")), parts.limits.wait_s)
    if isinstance(fact.sent, Update):
        return await ask(parts, saga, fact, fact.sent, wait_s)
    if wait_s is None:
        verdict = await parts.intake.submit(saga, fact)
        failpoint("start_unanswered")
        return _answer(fact, saga, await known_before(parts, saga, fact, verdict), {})
    with AwaitedSaga(parts, saga) as awaited:
        verdict = await parts.intake.submit(saga, fact)
        failpoint("start_unanswered")
        view = await known_before(parts, saga, fact, verdict)
        if view is None or not is_settled(view):
            view = await awaited.within(wait_s) or view
    return _answer(fact, saga, view, {"Preference-Applied": f"wait={wait_s:g}"})


def _answer(fact: Start, saga: str, view: SagaView | None, headers: dict[str, str]) -> Response:
    if view is None:
        body = AcceptedBody(saga, fact.definition, fact.version, "running", saga_path(saga))
    else:
        body = SagaBody.of(view) if has_ended(view) else AcceptedBody.of(view)
    headers["Location"] = body.href
    return json_answer(body, 200 if isinstance(body, SagaBody) else 202, headers)


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
