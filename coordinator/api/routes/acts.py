"""What a person can do to a saga."""

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.bodies import decode_body, read_body
from coordinator.api.parts import parts_of
from coordinator.api.paths import SagaId
from coordinator.api.telling import tell
from coordinator.api.views import ReasonBody, SagaBody, WhyBody
from coordinator.engine.facts import Cancel, Pause, Resume, Terminate
from coordinator.errors import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INVALID_REQUEST,
    NOT_READY,
    OUTCOME_UNKNOWN,
    OVERLOADED,
    SAGA_CONFLICT,
    STORE_UNAVAILABLE,
    UNKNOWN_SAGA,
    WRONG_CONTENT_TYPE,
)

router = APIRouter(tags=["sagas"])
_reason = msgspec.json.Decoder(ReasonBody)
_why = msgspec.json.Decoder(WhyBody)
_RESPONSES = {
    202: described.answer(SagaBody, "It is in the saga's history.", "running", "Location: the saga"),
    **described.refusals(
        UNKNOWN_SAGA,
        SAGA_CONFLICT,
        INVALID_REQUEST,
        OVERLOADED,
        NOT_READY,
        STORE_UNAVAILABLE,
        OUTCOME_UNKNOWN,
        BROKEN_JSON,
        BODY_TIMEOUT,
        BODY_TOO_LARGE,
        WRONG_CONTENT_TYPE,
    ),
}


@router.post(
    "/v1/sagas/{saga_id}/cancel",
    operation_id="cancel_saga",
    summary="Cancel a saga: undo what it did",
    status_code=202,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=described.body(ReasonBody, "reason", required=False),
)
async def cancel_saga(request: Request, saga_id: SagaId) -> Response:
    """The saga goes back, from a pause too, unless it is past its point of no return. Asking twice is asking once."""
    return await tell(parts_of(request), saga_id, Cancel(await _reason_of(request)))


@router.post(
    "/v1/sagas/{saga_id}/pause",
    operation_id="pause_saga",
    summary="Pause a saga",
    status_code=202,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=described.body(ReasonBody, "reason", required=False),
)
async def pause_saga(request: Request, saga_id: SagaId) -> Response:
    """Nothing is sent any more, timers and deadlines stand still, and what comes is kept until it is resumed."""
    return await tell(parts_of(request), saga_id, Pause(await _reason_of(request)))


@router.post(
    "/v1/sagas/{saga_id}/resume",
    operation_id="resume_saga",
    summary="Resume a paused or parked saga",
    status_code=202,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=described.body(ReasonBody, "reason", required=False),
)
async def resume_saga(request: Request, saga_id: SagaId) -> Response:
    """The saga goes on; an undo that was given up is tried again with a new budget."""
    return await tell(parts_of(request), saga_id, Resume(await _reason_of(request)))


@router.post(
    "/v1/sagas/{saga_id}/terminate",
    operation_id="terminate_saga",
    summary="End a saga where it stands",
    status_code=202,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=described.body(WhyBody, "reason"),
)
async def terminate_saga(request: Request, saga_id: SagaId) -> Response:
    """Nothing is undone: what it did stands, and so does what is under way."""
    asked = decode_body(await read_body(request, parts_of(request).limits), _why)
    return await tell(parts_of(request), saga_id, Terminate(asked.reason))


async def _reason_of(request: Request) -> str:
    body = await read_body(request, parts_of(request).limits)
    return decode_body(body, _reason).reason if body else ""
