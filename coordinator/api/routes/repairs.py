"""What a person can do about one step of a saga."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.acting import REASON, WHY, act, reason_of, why_of
from coordinator.api.bodies import decode_body, kept_value, read_body
from coordinator.api.parts import parts_of
from coordinator.api.paths import SagaId
from coordinator.api.telling import tell
from coordinator.api.views import GivenResultBody
from coordinator.engine.facts import ConfirmUndo, GiveResult, RetryStep, SkipUndo
from coordinator.errors import INVALID_RESULT, VALUE_TOO_LARGE

router = APIRouter(tags=["repairs"])
StepNumber = Annotated[int, Path(ge=1, le=999_999_999, description="Number of the step, from 1.", examples=[2])]
_given = msgspec.json.Decoder(GivenResultBody)
_STEP = "/v1/sagas/{saga_id}/steps/{step}"
_GIVEN = described.body(GivenResultBody, "given_result")


@act(router, f"{_STEP}/retry", "retry_step", "Try a step again now", REASON)
async def retry_step(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """Instead of waiting for the next attempt; or another attempt while one is out."""
    return await tell(parts_of(request), saga_id, RetryStep(step, False, await reason_of(request)))


@act(router, f"{_STEP}/result", "give_result", "Answer for a participant", _GIVEN, VALUE_TOO_LARGE, INVALID_RESULT)
async def give_result(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """The step did what it is for, with this result; what the participant answers later changes nothing."""
    asked = decode_body(await read_body(request, parts_of(request).limits), _given)
    result = kept_value(asked.result, "/result", INVALID_RESULT)
    return await tell(parts_of(request), saga_id, GiveResult(step, result, asked.reason))


@act(router, f"{_STEP}/undo/retry", "retry_undo", "Try a step's undo again now", REASON)
async def retry_undo(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """An undo that was given up gets a new budget."""
    return await tell(parts_of(request), saga_id, RetryStep(step, True, await reason_of(request)))


@act(router, f"{_STEP}/undo/confirm", "confirm_undo", "Say that a step was undone by hand", WHY)
async def confirm_undo(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """A person has undone it, without the participant."""
    return await tell(parts_of(request), saga_id, ConfirmUndo(step, await why_of(request)))


@act(router, f"{_STEP}/undo/skip", "skip_undo", "Decide against a step's undo", WHY)
async def skip_undo(request: Request, saga_id: SagaId, step: StepNumber) -> Response:
    """What the step did stands; the saga ends as partially compensated."""
    return await tell(parts_of(request), saga_id, SkipUndo(step, await why_of(request)))
