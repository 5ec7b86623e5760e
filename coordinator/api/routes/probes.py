"""What the machines around the coordinator ask."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.api.parts import parts_of
from coordinator.api.views import ProbeBody
from coordinator.errors import NOT_READY, ProblemError

router = APIRouter(tags=["operations"])


@router.get(
    "/livez",
    operation_id="livez",
    summary="Is the process alive?",
    response_class=Response,
    responses={200: described.answer(ProbeBody, "It is.", "alive")},
)
async def livez() -> Response:
    """Says nothing about the servers it needs: restarting the process would not bring those back."""
    return json_answer(ProbeBody("alive"))


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="Can it take work?",
    response_class=Response,
    responses={
        200: described.answer(ProbeBody, "It can.", "ready"),
        **described.refusals(NOT_READY),
    },
)
async def readyz(request: Request) -> Response:
    """Asks Postgres and Kafka."""
    missing = await parts_of(request).unreadiness()
    if missing is not None:
        raise ProblemError(NOT_READY, missing, retry_after_s=1)
    return json_answer(ProbeBody("ready"))


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "In Prometheus' text format.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "amends_sagas_total 1\n"}},
        }
    },
)
async def metrics(request: Request) -> Response:
    """Names carry their unit."""
    return Response(parts_of(request).metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")
