"""What a person can do to a saga."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api.acting import REASON, WHY, act, reason_of, why_of
from coordinator.api.parts import parts_of
from coordinator.api.paths import SagaId
from coordinator.api.telling import tell
from coordinator.engine.facts import Cancel, Pause, Resume, Terminate

router = APIRouter(tags=["sagas"])
_SAGA = "/v1/sagas/{saga_id}"


@act(router, f"{_SAGA}/cancel", "cancel_saga", "Cancel a saga: undo what it did", REASON)
async def cancel_saga(request: Request, saga_id: SagaId) -> Response:
    """The saga goes back, from a pause too, unless it is past its point of no return. Asking twice is asking once."""
    return await tell(parts_of(request), saga_id, Cancel(await reason_of(request)))


@act(router, f"{_SAGA}/pause", "pause_saga", "Pause a saga", REASON)
async def pause_saga(request: Request, saga_id: SagaId) -> Response:
    """Nothing is sent any more, timers and deadlines stand still, and what comes is kept until it is resumed."""
    return await tell(parts_of(request), saga_id, Pause(await reason_of(request)))


@act(router, f"{_SAGA}/resume", "resume_saga", "Resume a paused or parked saga", REASON)
async def resume_saga(request: Request, saga_id: SagaId) -> Response:
    """The saga goes on; an undo that was given up is tried again with a new budget."""
    return await tell(parts_of(request), saga_id, Resume(await reason_of(request)))


@act(router, f"{_SAGA}/terminate", "terminate_saga", "End a saga where it stands", WHY)
async def terminate_saga(request: Request, saga_id: SagaId) -> Response:
    """Nothing is undone: what it did stands, and so does what is under way."""
    return await tell(parts_of(request), saga_id, Terminate(await why_of(request)))
