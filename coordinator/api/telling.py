"""A fact about a saga told, and what became of it as an answer."""

from typing import assert_never

from starlette.responses import Response

from coordinator.api.answers import json_answer
from coordinator.api.parts import Parts
from coordinator.api.paths import can_be_a_saga, known_saga, unknown_saga
from coordinator.api.pointers import pointed_error
from coordinator.api.views import SagaBody, saga_path
from coordinator.engine.facts import Accepted, Conflict, Fact, Ignored, Known, Unfit
from coordinator.errors import (
    INVALID_KEY,
    INVALID_RESULT,
    INVALID_SIGNAL,
    SAGA_CONFLICT,
    UNKNOWN_SIGNAL,
    ProblemError,
)


async def tell(parts: Parts, saga_id: str, fact: Fact) -> Response:
    """Answers with the saga as it is once the fact is kept. Raises ProblemError."""
    if not can_be_a_saga(saga_id):
        raise unknown_saga(saga_id)
    verdict = await parts.intake.submit(saga_id, fact)
    view = await known_saga(parts, saga_id)
    match verdict:
        case Accepted() | Known():
            return json_answer(SagaBody.of(view), 202, {"Location": saga_path(saga_id)})
        case Conflict(message) | Ignored(message):
            raise ProblemError(SAGA_CONFLICT, message)
        case Unfit():
            raise _misfit(verdict)
        case _:
            assert_never(verdict)


def _misfit(unfit: Unfit) -> ProblemError:
    match unfit.what:
        case "name":
            return ProblemError(UNKNOWN_SIGNAL, unfit.message)
        case "id":
            return ProblemError(INVALID_KEY, unfit.message)
        case "value":
            found = pointed_error(unfit.message, "")
            return ProblemError(INVALID_SIGNAL, f"The value does not fit the signal: {found.detail}", errors=(found,))
        case "result":
            found = pointed_error(unfit.message, "/result")
            return ProblemError(
                INVALID_RESULT, f"The result does not fit the contract: {found.detail}", errors=(found,)
            )
        case _:
            assert_never(unfit.what)
