"""Updates: requests into a running saga."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.api.bodies import read_body, sent_value
from coordinator.api.parts import parts_of
from coordinator.api.paths import SagaId, UpdateName, can_be_a_saga, known_saga, unknown_saga
from coordinator.api.preferences import IDEMPOTENCY_KEY, header_key, preferred_wait_s
from coordinator.api.signalling import new_id
from coordinator.api.updating import DEFAULT_WAIT_S, AwaitedUpdate, ask, update_body
from coordinator.api.views import UpdateBody
from coordinator.engine.facts import Update
from coordinator.errors import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INVALID_KEY,
    INVALID_REQUEST,
    INVALID_UPDATE,
    NOT_READY,
    OUTCOME_UNKNOWN,
    OVERLOADED,
    SAGA_CONFLICT,
    STORE_UNAVAILABLE,
    UNKNOWN_SAGA,
    UNKNOWN_UPDATE,
    UNREADABLE_HISTORY,
    UPDATE_REFUSED,
    VALUE_TOO_LARGE,
    WRONG_CONTENT_TYPE,
    ProblemError,
)

router = APIRouter(tags=["sagas"])
UpdateId = Annotated[str, Path(description="The update's id.", examples=["m-1"])]


@router.post(
    "/v1/sagas/{saga_id}/updates/{name}",
    operation_id="update_saga",
    summary="Ask a saga's code for something",
    response_class=Response,
    responses={
        200: described.answer(UpdateBody, "The saga has answered.", "answered", "Location: the update"),
        202: described.answer(
            UpdateBody, "The saga has taken it in, and will answer.", "taken_in", "Location: the update"
        ),
        **described.refusals(
            UNKNOWN_SAGA,
            UNKNOWN_UPDATE,
            SAGA_CONFLICT,
            UPDATE_REFUSED,
            BROKEN_JSON,
            BODY_TIMEOUT,
            BODY_TOO_LARGE,
            VALUE_TOO_LARGE,
            WRONG_CONTENT_TYPE,
            INVALID_REQUEST,
            INVALID_KEY,
            INVALID_UPDATE,
            OVERLOADED,
            NOT_READY,
            STORE_UNAVAILABLE,
            OUTCOME_UNKNOWN,
            UNREADABLE_HISTORY,
        ),
    },
    openapi_extra={
        **described.any_body("What is asked; nothing is null.", "update"),
        "parameters": [
            described.header(IDEMPOTENCY_KEY, "The update's id: sent twice with the same, it is one update.", "m-1"),
            described.header("Prefer", f"`wait=N`: wait N seconds for the answer, not {DEFAULT_WAIT_S:g}.", "wait=10"),
        ],
    },
)
async def update_saga(request: Request, saga_id: SagaId, name: UpdateName) -> Response:
    """The saga's code may refuse it, and then nothing of it is kept. What it takes in, it answers once.

    With an Idempotency-Key it can safely be sent again, and is answered the same. Without one, each is another.
    """
    parts = parts_of(request)
    value = sent_value(await read_body(request, parts.limits))
    if not can_be_a_saga(saga_id):
        raise unknown_saga(saga_id)
    update = Update(name, header_key(request.headers.get(IDEMPOTENCY_KEY)) or new_id(), value)
    wait_s = preferred_wait_s(request.headers.get("Prefer"), parts.limits.wait_s)
    return await ask(parts, saga_id, update, update, wait_s)


@router.get(
    "/v1/sagas/{saga_id}/updates/{name}/{update_id:path}",
    operation_id="get_update",
    summary="Get an update that a saga has taken in",
    response_class=Response,
    responses={
        200: described.answer(UpdateBody, "The update.", "answered"),
        **described.refusals(UNKNOWN_SAGA, UNKNOWN_UPDATE, INVALID_REQUEST, STORE_UNAVAILABLE, UNREADABLE_HISTORY),
    },
    openapi_extra={
        "parameters": [described.header("Prefer", "`wait=N`: wait N seconds for the answer, if need be.", "wait=10")]
    },
)
async def get_update(request: Request, saga_id: SagaId, name: UpdateName, update_id: UpdateId) -> Response:
    """Also once its saga has ended."""
    parts = parts_of(request)
    await known_saga(parts, saga_id)
    with AwaitedUpdate(parts, saga_id, update_id) as awaited:
        if await awaited.look() is None and awaited.update.name == name:
            await awaited.within(preferred_wait_s(request.headers.get("Prefer"), parts.limits.wait_s) or 0)
    if awaited.update.name != name:
        raise ProblemError(UNKNOWN_UPDATE, f"The saga has had no update {name} with the id {update_id[:200]!r}.")
    return json_answer(update_body(saga_id, name, awaited.update))
