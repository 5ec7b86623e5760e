"""Signals to a running saga."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.bodies import read_body, sent_value
from coordinator.api.parts import parts_of
from coordinator.api.paths import SagaId, SignalName
from coordinator.api.preferences import IDEMPOTENCY_KEY, header_key
from coordinator.api.signalling import new_id
from coordinator.api.telling import tell
from coordinator.api.views import SagaBody
from coordinator.engine.facts import Signal
from coordinator.errors import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INVALID_KEY,
    INVALID_REQUEST,
    INVALID_SIGNAL,
    NOT_READY,
    OUTCOME_UNKNOWN,
    OVERLOADED,
    SAGA_CONFLICT,
    STORE_UNAVAILABLE,
    UNKNOWN_SAGA,
    UNKNOWN_SIGNAL,
    VALUE_TOO_LARGE,
    WRONG_CONTENT_TYPE,
)

router = APIRouter(tags=["sagas"])


@router.post(
    "/v1/sagas/{saga_id}/signals/{name}",
    operation_id="signal_saga",
    summary="Send a value to a saga's code",
    status_code=202,
    response_class=Response,
    responses={
        202: described.answer(
            SagaBody,
            "It is in the saga's history.",
            "running",
            "Location: the saga",
        ),
        **described.refusals(
            UNKNOWN_SAGA,
            UNKNOWN_SIGNAL,
            SAGA_CONFLICT,
            BROKEN_JSON,
            BODY_TIMEOUT,
            BODY_TOO_LARGE,
            VALUE_TOO_LARGE,
            WRONG_CONTENT_TYPE,
            INVALID_REQUEST,
            INVALID_KEY,
            INVALID_SIGNAL,
            OVERLOADED,
            NOT_READY,
            STORE_UNAVAILABLE,
            OUTCOME_UNKNOWN,
        ),
    },
    openapi_extra={
        **described.any_body("The signal's value; none is null.", "signal"),
        "parameters": [
            described.header(IDEMPOTENCY_KEY, "The signal's id: sent twice with the same, it is one signal.", "app-7"),
        ],
    },
)
async def signal_saga(request: Request, saga_id: SagaId, name: SignalName) -> Response:
    """The saga takes it when its code asks for it; until then it is kept.

    With an Idempotency-Key it can safely be sent again. Without one, each request is another signal.
    """
    parts = parts_of(request)
    value = sent_value(await read_body(request, parts.limits))
    id = header_key(request.headers.get(IDEMPOTENCY_KEY)) or new_id()
    return await tell(parts, saga_id, Signal(name, id, value))
