"""What a person can do about one step of a saga."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from contracts.values import OversizedValue, UnreadableValue, read_value
from coordinator.api import described
from coordinator.api.bodies import decode_body, read_body
from coordinator.api.parts import parts_of
from coordinator.api.paths import SagaId
from coordinator.api.telling import tell
from coordinator.api.views import GivenResultBody, ReasonBody, SagaBody, WhyBody
from coordinator.engine.facts import ConfirmUndo, GiveResult, RetryStep, SkipUndo
from coordinator.errors import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INVALID_REQUEST,
    INVALID_RESULT,
    NOT_READY,
    OUTCOME_UNKNOWN,
    OVERLOADED,
    SAGA_CONFLICT,
    STORE_UNAVAILABLE,
    UNKNOWN_SAGA,
    VALUE_TOO_LARGE,
    WRONG_CONTENT_TYPE,
    InputError,
    ProblemError,
)

router = APIRouter(tags=["repairs"])
StepNumber = Annotated[int, Path(ge=1, le=999_999_999, description="Number of the step, from 1.", examples=[2])]
_reason = msgspec.json.Decoder(ReasonBody)
_why = msgspec.json.Decoder(WhyBody)
_given = msgspec.json.Decoder(GivenResultBody)
_ACCEPTED = described.answer(SagaBody, "It is in the saga's history.", "running", "Location: the saga")
_KINDS = (
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
)
_RESPONSES = {202: _ACCEPTED, **described.refusals(*_KINDS)}
_STEP = "/v1/sagas/{saga_id}/steps/{step}"


@router.post(
    f"{_STEP}/retry",
    operation_id="retry_step",
    summary="Try a step again now",
    status_code=202,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=described.body(ReasonBody, "reason", required=False),
)
async def retry_step(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """Instead of waiting for the next attempt; or another attempt while one is out."""
    reason = await _reason_of(request)
    return await tell(parts_of(request), saga_id, RetryStep(step, False, reason))


@router.post(
    f"{_STEP}/result",
    operation_id="give_result",
    summary="Answer for a participant",
    status_code=202,
    response_class=Response,
    responses={202: _ACCEPTED, **described.refusals(*_KINDS, VALUE_TOO_LARGE, INVALID_RESULT)},
    openapi_extra=described.body(GivenResultBody, "given_result"),
)
async def give_result(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """The step did what it is for, with this result; what the participant answers later changes nothing."""
    asked = decode_body(await read_body(request, parts_of(request).limits), _given)
    try:
        result = read_value(memoryview(asked.result))
    except OversizedValue as error:
        raise ProblemError(VALUE_TOO_LARGE, str(error), errors=(InputError("Too large.", pointer="/result"),)) from None
    except UnreadableValue as error:
        raise ProblemError(INVALID_RESULT, str(error), errors=(InputError(str(error), pointer="/result"),)) from None
    return await tell(parts_of(request), saga_id, GiveResult(step, result, asked.reason))


@router.post(
    f"{_STEP}/undo/retry",
    operation_id="retry_undo",
    summary="Try a step's undo again now",
    status_code=202,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=described.body(ReasonBody, "reason", required=False),
)
async def retry_undo(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """An undo that was given up gets a new budget."""
    reason = await _reason_of(request)
    return await tell(parts_of(request), saga_id, RetryStep(step, True, reason))


@router.post(
    f"{_STEP}/undo/confirm",
    operation_id="confirm_undo",
    summary="Say that a step was undone by hand",
    status_code=202,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=described.body(WhyBody, "reason"),
)
async def confirm_undo(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """A person has undone it, without the participant."""
    asked = decode_body(await read_body(request, parts_of(request).limits), _why)
    return await tell(parts_of(request), saga_id, ConfirmUndo(step, asked.reason))


@router.post(
    f"{_STEP}/undo/skip",
    operation_id="skip_undo",
    summary="Decide against a step's undo",
    status_code=202,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=described.body(WhyBody, "reason"),
)
async def skip_undo(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """What the step did stands; the saga ends as partially compensated."""
    asked = decode_body(await read_body(request, parts_of(request).limits), _why)
    return await tell(parts_of(request), saga_id, SkipUndo(step, asked.reason))


async def _reason_of(request: Request) -> str:
    body = await read_body(request, parts_of(request).limits)
    return decode_body(body, _reason).reason if body else ""
