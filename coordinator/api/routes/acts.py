"""What a person can do to a saga."""

from typing import assert_never

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.api.bodies import decode_body, read_body
from coordinator.api.parts import Parts, parts_of
from coordinator.api.paths import SagaId, can_be_a_saga, known_saga, unknown_saga
from coordinator.api.views import CancelBody, SagaBody, saga_path
from coordinator.engine.facts import Accepted, Cancel, Conflict, Fact, Ignored, Known, Resume, Unfit
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
    ProblemError,
)

router = APIRouter(tags=["sagas"])
_cancel = msgspec.json.Decoder(CancelBody)
_ACCEPTED = described.answer(SagaBody, "It is in the saga's history.", "running", "Location: the saga")
_REFUSALS = described.refusals(
    UNKNOWN_SAGA, SAGA_CONFLICT, INVALID_REQUEST, OVERLOADED, NOT_READY, STORE_UNAVAILABLE, OUTCOME_UNKNOWN
)


@router.post(
    "/v1/sagas/{saga_id}/cancel",
    operation_id="cancel_saga",
    summary="Cancel a saga: undo what it did",
    status_code=202,
    response_class=Response,
    responses={
        202: _ACCEPTED,
        **_REFUSALS,
        **described.refusals(BROKEN_JSON, BODY_TIMEOUT, BODY_TOO_LARGE, WRONG_CONTENT_TYPE),
    },
    openapi_extra=described.body(CancelBody, "cancel", required=False),
)
async def cancel_saga(request: Request, saga_id: SagaId) -> Response:
    """The saga goes back, unless it is past its point of no return. Asking twice is asking once."""
    parts = parts_of(request)
    body = await read_body(request, parts.limits)
    asked = decode_body(body, _cancel) if body else CancelBody()
    return await _tell(parts, saga_id, Cancel(asked.reason))


@router.post(
    "/v1/sagas/{saga_id}/resume",
    operation_id="resume_saga",
    summary="Resume a parked saga",
    status_code=202,
    response_class=Response,
    responses={202: _ACCEPTED, **_REFUSALS},
)
async def resume_saga(request: Request, saga_id: SagaId) -> Response:
    """The saga goes on; an undo that was given up is tried again with a new budget."""
    return await _tell(parts_of(request), saga_id, Resume())


async def _tell(parts: Parts, saga_id: str, fact: Fact) -> Response:
    if not can_be_a_saga(saga_id):
        raise unknown_saga(saga_id)
    verdict = await parts.intake.submit(saga_id, fact)
    view = await known_saga(parts, saga_id)
    match verdict:
        case Accepted() | Known():
            return json_answer(SagaBody.of(view), 202, {"Location": saga_path(saga_id)})
        case Conflict(message) | Unfit(message) | Ignored(message):
            raise ProblemError(SAGA_CONFLICT, message)
        case _:
            assert_never(verdict)
