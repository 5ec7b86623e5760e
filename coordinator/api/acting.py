"""What the routes by which people act on a saga have in common."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.bodies import decode_body, read_body
from coordinator.api.parts import parts_of
from coordinator.api.views import ReasonBody, SagaBody, WhyBody
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
    ProblemKind,
)

Route = TypeVar("Route", bound=Callable[..., Awaitable[Response]])
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
_reason = msgspec.json.Decoder(ReasonBody)
_why = msgspec.json.Decoder(WhyBody)


def act(
    router: APIRouter,
    path: str,
    operation_id: str,
    summary: str,
    body: dict[str, Any],
    *further: ProblemKind,
) -> Callable[[Route], Route]:
    """A route that tells a saga something; ``body`` as `described` has it, ``further`` what else may be answered."""
    return router.post(
        path,
        operation_id=operation_id,
        summary=summary,
        status_code=202,
        response_class=Response,
        responses={
            202: described.answer(SagaBody, "It is in the saga's history.", "running", "Location: the saga"),
            **described.refusals(*_KINDS, *further),
        },
        openapi_extra=body,
    )


REASON = described.body(ReasonBody, "reason", required=False)
"""The body of an act that can be taken back."""
WHY = described.body(WhyBody, "reason")
"""The body of one that cannot."""


async def reason_of(request: Request) -> str:
    """Why, if somebody said so. Raises ProblemError."""
    body = await read_body(request, parts_of(request).limits)
    return decode_body(body, _reason).reason if body else ""


async def why_of(request: Request) -> str:
    """Why. Raises ProblemError when nobody said so."""
    return decode_body(await read_body(request, parts_of(request).limits), _why).reason
