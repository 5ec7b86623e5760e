"""What the ``type`` of a problem points to."""

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.errors import INVALID_REQUEST, NOT_FOUND, PROBLEM_KINDS, ProblemError

router = APIRouter(tags=["operations"])
_BY_TYPE = {kind.type: kind for kind in PROBLEM_KINDS}


class ProblemKindBody(msgspec.Struct, frozen=True):
    """A kind of problem."""

    type: str
    code: str
    status: int
    title: str
    fault: str
    """Who has to change something: ``caller``, ``author``, ``participant`` or ``coordinator``."""
    remedy: str
    """What to do about it."""


@router.get(
    "/problems/{kind}",
    operation_id="get_problem_kind",
    summary="Explain a kind of problem",
    response_class=Response,
    responses={
        200: described.answer(ProblemKindBody, "What it means and what to do.", "problem_kind"),
        **described.refusals(NOT_FOUND, INVALID_REQUEST),
    },
)
async def get_problem_kind(request: Request, kind: str) -> Response:
    """The ``type`` of every problem is an address here."""
    found = _BY_TYPE.get(request.url.path)
    if found is None:
        raise ProblemError(NOT_FOUND, f"There is no problem of the kind {kind[:80]!r}.")
    return json_answer(
        ProblemKindBody(found.type, found.code, found.status, found.title, found.fault.value, found.remedy)
    )
