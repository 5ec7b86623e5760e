"""A fact about a saga told, and what became of it as an answer."""

from typing import assert_never

from starlette.responses import Response

from coordinator.api.answers import json_answer
from coordinator.api.parts import Parts
from coordinator.api.paths import can_be_a_saga, known_saga, unknown_saga
from coordinator.api.signalling import Word, misfit_problem, refused
from coordinator.api.views import SagaBody, saga_path
from coordinator.engine.facts import Accepted, Conflict, Declined, Fact, Ignored, Known, Unfit
from coordinator.errors import SAGA_CONFLICT, ProblemError


async def tell(parts: Parts, saga_id: str, fact: Fact) -> Response:
    """Answers with the saga as it is once the fact is kept. Raises ProblemError."""
    if not can_be_a_saga(saga_id):
        raise unknown_saga(saga_id)
    verdict = await parts.intake.submit(saga_id, fact)
    view = await known_saga(parts, saga_id)
    match verdict:
        case Accepted() | Known():
            return json_answer(SagaBody.of(view), 202, {"Location": saga_path(saga_id)})
        case _:
            raise refusal_of(verdict, "signal")


def refusal_of(verdict: Conflict | Ignored | Unfit | Declined, what: Word) -> ProblemError:
    """Why nothing has changed; ``what`` was sent."""
    match verdict:
        case Conflict(message):
            return ProblemError(SAGA_CONFLICT, message)
        case Ignored(reason):
            return ProblemError(SAGA_CONFLICT, f"{reason[:1].upper()}{reason[1:].rstrip('.')}.")
        case Unfit():
            return misfit_problem(verdict, what, "")
        case Declined(problem):
            return refused(problem)
        case _:
            assert_never(verdict)
