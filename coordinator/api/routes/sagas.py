"""Looking at sagas."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.api.cursor import read_cursor, write_cursor
from coordinator.api.parts import parts_of
from coordinator.api.paths import SagaId, known_saga
from coordinator.api.views import HistoryBody, HistoryRowBody, SagaBody, SagaListBody, saga_path
from coordinator.api.wanted import MOST_WANTED, wanted_attributes
from coordinator.engine.status import Status
from coordinator.errors import INVALID_REQUEST, STORE_UNAVAILABLE, UNKNOWN_SAGA
from coordinator.runtime.ports import SagaPage

router = APIRouter(tags=["sagas"])
_NEXT = "Link: the next page, as rel=next"


class ListQuery(BaseModel):
    """Which sagas."""

    model_config = ConfigDict(extra="forbid")

    definition: str | None = Field(
        default=None, pattern=r"^[a-z][a-z0-9_]{0,62}$", description="Only sagas of this definition."
    )
    status: Status | None = Field(default=None, description="Only sagas in this status.")
    parent: str | None = Field(
        default=None,
        max_length=300,
        description="Only sagas that this saga has had begun.",
        examples=["book_trip:trip-7"],
    )
    attribute: list[str] = Field(
        default=[],
        max_length=MOST_WANTED,
        description="Only sagas that have this attribute, as `name:value`; several: those that have all of them. What "
        "reads as a number, or as true or false, finds it as such and as text.",
        examples=[["customer:C-7"]],
    )
    limit: int = Field(default=50, ge=1, le=500, description="Sagas on a page.")
    cursor: str | None = Field(default=None, max_length=1000, description="From the `next` of the page before.")


class HistoryQuery(BaseModel):
    """Which rows."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(default=0, ge=0, le=2**31 - 1, description="Only rows with a higher `seq`.")
    limit: int = Field(default=200, ge=1, le=1000, description="Rows on a page.")


@router.get(
    "/v1/sagas",
    operation_id="list_sagas",
    summary="List sagas, newest first",
    response_class=Response,
    responses={
        200: described.answer(SagaListBody, "A page of sagas.", "sagas", _NEXT),
        **described.refusals(INVALID_REQUEST, STORE_UNAVAILABLE),
    },
)
async def list_sagas(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """Sagas that start while you turn pages do not shift them."""
    before = None if query.cursor is None else read_cursor(query.cursor)
    found = await parts_of(request).sagas.sagas(
        SagaPage(
            definition=query.definition,
            status=None if query.status is None else query.status.value,
            parent=query.parent,
            attributes=tuple(wanted_attributes(query.attribute)),
            before=before,
            limit=query.limit + 1,
        )
    )
    page = found[: query.limit]
    following = None
    if len(found) > query.limit:
        kept = query.model_dump(exclude_none=True, exclude={"cursor"}, mode="json")
        cursor = write_cursor((page[-1].started_at, page[-1].saga_id))
        following = f"/v1/sagas?{urlencode({**kept, 'cursor': cursor}, doseq=True)}"
    return _page(SagaListBody(tuple(SagaBody.of(view) for view in page), following), following)


@router.get(
    "/v1/sagas/{saga_id}",
    operation_id="get_saga",
    summary="Get a saga",
    response_class=Response,
    responses={
        200: described.answer(SagaBody, "The saga.", "completed"),
        **described.refusals(UNKNOWN_SAGA, INVALID_REQUEST, STORE_UNAVAILABLE),
    },
)
async def get_saga(request: Request, saga_id: SagaId) -> Response:
    """As it is now."""
    return json_answer(SagaBody.of(await known_saga(parts_of(request), saga_id)))


@router.get(
    "/v1/sagas/{saga_id}/history",
    operation_id="get_history",
    summary="Get a saga's history, oldest first",
    response_class=Response,
    responses={
        200: described.answer(HistoryBody, "A page of its history.", "history", _NEXT),
        **described.refusals(UNKNOWN_SAGA, INVALID_REQUEST, STORE_UNAVAILABLE),
    },
)
async def get_history(request: Request, saga_id: SagaId, query: Annotated[HistoryQuery, Query()]) -> Response:
    """Everything that ever happened to the saga, as it is kept."""
    parts = parts_of(request)
    await known_saga(parts, saga_id)
    found = await parts.sagas.history(saga_id, query.after, query.limit + 1)
    page = found[: query.limit]
    following = None
    if len(found) > query.limit:
        following = f"{saga_path(saga_id)}/history?after={page[-1].seq}&limit={query.limit}"
    return _page(HistoryBody(tuple(HistoryRowBody.of(row) for row in page), following), following)


def _page(body: SagaListBody | HistoryBody, following: str | None) -> Response:
    return json_answer(body, headers={} if following is None else {"Link": f'<{following}>; rel="next"'})
