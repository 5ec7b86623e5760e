"""Queries: questions about a saga, running or ended."""

from typing import assert_never

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.api.bodies import read_body, sent_value
from coordinator.api.histories import ROWS, events_of
from coordinator.api.parts import Parts, parts_of
from coordinator.api.paths import QueryName, SagaId, known_saga
from coordinator.api.signalling import misfit_problem
from coordinator.api.slices import in_slices
from coordinator.api.views import QueryBody
from coordinator.engine.facts import Unfit
from coordinator.engine.looking import Answered, NoAnswer, looking
from coordinator.errors import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INVALID_QUERY,
    INVALID_REQUEST,
    SAGA_CONFLICT,
    STORE_UNAVAILABLE,
    UNKNOWN_QUERY,
    UNKNOWN_SAGA,
    UNREADABLE_HISTORY,
    VALUE_TOO_LARGE,
    WRONG_CONTENT_TYPE,
    ProblemError,
)
from coordinator.history.events import Event

router = APIRouter(tags=["sagas"])


@router.post(
    "/v1/sagas/{saga_id}/queries/{name}",
    operation_id="query_saga",
    summary="Ask a saga about itself",
    response_class=Response,
    responses={
        200: described.answer(QueryBody, "The saga's answer.", "query_answer"),
        **described.refusals(
            UNKNOWN_SAGA,
            UNKNOWN_QUERY,
            SAGA_CONFLICT,
            BROKEN_JSON,
            BODY_TIMEOUT,
            BODY_TOO_LARGE,
            VALUE_TOO_LARGE,
            WRONG_CONTENT_TYPE,
            INVALID_REQUEST,
            INVALID_QUERY,
            STORE_UNAVAILABLE,
            UNREADABLE_HISTORY,
        ),
    },
    openapi_extra=described.any_body("What is asked; nothing is null.", "query"),
)
async def query_saga(request: Request, saga_id: SagaId, name: QueryName) -> Response:
    """Answered by the saga's code, as its history has it now; a saga that has ended, as it stood when its code was
    through. Nothing is written, and the saga never hears of it."""
    parts = parts_of(request)
    value = sent_value(await read_body(request, parts.limits))
    await known_saga(parts, saga_id)
    answer = await in_slices(looking(saga_id, await _history(parts, saga_id), parts.definitions, name, value))
    match answer:
        case Answered(answer=given):
            return json_answer(QueryBody(given))
        case NoAnswer(message=message):
            raise ProblemError(SAGA_CONFLICT, message)
        case Unfit():
            raise misfit_problem(answer, "query", "")
        case _:
            assert_never(answer)


async def _history(parts: Parts, saga_id: str) -> list[Event]:
    events: list[Event] = []
    after = 0
    while rows := await parts.sagas.history(saga_id, after, ROWS):
        for row in rows:
            events.extend(events_of(saga_id, row))
        after = rows[-1].seq
    return events
