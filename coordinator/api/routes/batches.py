"""POST /v1/sagas:batch: many sagas by one request."""

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.api.batch import Batch
from coordinator.api.bodies import decode_body, read_body
from coordinator.api.parts import parts_of
from coordinator.api.views import BatchAnswerBody, BatchBody
from coordinator.errors import (
    BATCH_TOO_LARGE,
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INTERNAL,
    INVALID_REQUEST,
    WRONG_CONTENT_TYPE,
    ProblemError,
)

router = APIRouter(tags=["sagas"])


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ``BatchBody`` whose starts are not looked at yet: one that does not fit is refused alone."""

    starts: tuple[msgspec.Raw, ...]


_decoder = msgspec.json.Decoder(_Batch)


@router.post(
    "/v1/sagas:batch",
    operation_id="start_sagas",
    summary="Start many sagas",
    response_class=Response,
    responses={
        200: described.answer(BatchAnswerBody, "What became of each start. Some may be refused.", "batch_answer"),
        **described.refusals(
            BROKEN_JSON,
            BODY_TIMEOUT,
            BATCH_TOO_LARGE,
            BODY_TOO_LARGE,
            WRONG_CONTENT_TYPE,
            INVALID_REQUEST,
            INTERNAL,
        ),
    },
    openapi_extra={
        **described.body(BatchBody, "batch"),
        "parameters": [described.traceparent("W3C trace context: all the sagas join this trace.")],
    },
)
async def start_sagas(request: Request) -> Response:
    """Starts up to 10,000 sagas, each as by a request of its own, and answers when the last of them is kept for good.

    There is no all or nothing: look at each `outcome`. Sending the same batch again is safe: what was started is found
    as `existing`, and what was refused is tried again. Give keys, or use definitions that take theirs from the input.
    """
    parts = parts_of(request)
    limits = parts.limits
    body = await read_body(request, limits, limits.batch_bytes, "send the batch in several")
    starts = decode_body(body, _decoder).starts
    if len(starts) > limits.batch_starts:
        raise ProblemError(
            BATCH_TOO_LARGE,
            f"The batch has {len(starts):,} starts, and one may have {limits.batch_starts:,}: send it in several.",
        )
    return json_answer(await Batch(parts, starts, request.headers.get("traceparent")).run())
