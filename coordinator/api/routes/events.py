"""A saga's history as it happens, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.parts import Parts, parts_of
from coordinator.api.paths import SagaId, known_saga
from coordinator.api.views import HistoryRowBody, SagaBody
from coordinator.api.waiting import has_ended, notice_of
from coordinator.errors import INVALID_REQUEST, STORE_UNAVAILABLE, UNKNOWN_SAGA, InputError, ProblemError
from coordinator.runtime.ports import StoreUnavailable

router = APIRouter(tags=["sagas"])
_FIRST_LOOK_S = 0.05
_LONGEST_LOOK_S = 1.0
_KEEP_ALIVE_S = 15.0
_ROWS = 200
_LAST_EVENT_ID = "Last-Event-ID"


@router.get(
    "/v1/sagas/{saga_id}/events",
    operation_id="watch_saga",
    summary="Watch a saga",
    response_class=Response,
    responses={
        200: {
            "description": "One `history` event for each row of the history, then one `end` event with the saga.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'event: history\nid: 1\ndata: {"seq":1,"at":"2026-03-01T12:00:00.000Z","events":[]}\n\n',
                }
            },
        },
        204: {"description": "The saga has ended and everything was sent already: do not connect again."},
        **described.refusals(UNKNOWN_SAGA, INVALID_REQUEST, STORE_UNAVAILABLE),
    },
    openapi_extra={
        "parameters": [
            described.header(_LAST_EVENT_ID, "The `seq` of the last row seen: the stream goes on behind it.", "3")
        ]
    },
)
async def watch_saga(request: Request, saga_id: SagaId) -> Response:
    """Ends when the saga has ended."""
    parts = parts_of(request)
    after = _last_seen(request.headers.get(_LAST_EVENT_ID))
    view = await known_saga(parts, saga_id)
    if after and has_ended(view) and not await parts.sagas.history(saga_id, after, 1):
        return Response(status_code=204)
    return EventSourceResponse(_stream(parts, saga_id, after), headers={"Cache-Control": "no-store"})


async def _stream(parts: Parts, saga_id: str, after: int) -> AsyncIterator[bytes]:
    pause, quiet = _FIRST_LOOK_S, 0.0
    with notice_of(parts, saga_id) as notice:
        while not parts.stopping.is_set():
            try:
                view = await known_saga(parts, saga_id)
                rows = await parts.sagas.history(saga_id, after, _ROWS)
            except StoreUnavailable:
                yield format_sse_event(comment="the database does not answer; connect again")
                return
            for row in rows:
                yield _event("history", HistoryRowBody.of(row), str(row.seq))
                after = row.seq
            if has_ended(view) and len(rows) < _ROWS:
                yield _event("end", SagaBody.of(view), str(after))
                return
            pause, quiet = (_FIRST_LOOK_S, 0.0) if rows else (min(2 * pause, _LONGEST_LOOK_S), quiet + pause)
            if quiet >= _KEEP_ALIVE_S:
                quiet = 0.0
                yield format_sse_event(comment="still there")
            await _pause(notice, pause)


async def _pause(notice: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await notice.wait()
    except TimeoutError:
        return
    notice.clear()


def _event(name: str, body: msgspec.Struct, id: str) -> bytes:
    return format_sse_event(event=name, data_str=msgspec.json.encode(body).decode(), id=id)


def _last_seen(header: str | None) -> int:
    text = (header or "0").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ProblemError(
            INVALID_REQUEST,
            f"{_LAST_EVENT_ID} is {text[:20]!r}: send the id of the last event seen, or leave it out.",
            errors=(InputError("Not an id of this stream.", parameter=_LAST_EVENT_ID),),
        )
    return int(text)
