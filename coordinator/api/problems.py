"""Errors as RFC 9457 problems."""

from collections.abc import Iterable
from math import ceil

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contracts.failures import Problem
from coordinator.errors import (
    INTERNAL,
    INVALID_REQUEST,
    NOT_FOUND,
    OUTCOME_UNKNOWN,
    OVERLOADED,
    STORE_UNAVAILABLE,
    WRONG_METHOD,
    InputError,
    ProblemError,
)
from coordinator.runtime.intake import Overloaded
from coordinator.runtime.ports import OutcomeUnknown, StoreUnavailable

MEDIA_TYPE = "application/problem+json"
REFUSALS = (ProblemError, Overloaded, StoreUnavailable, OutcomeUnknown)
"""What a request may be refused with. Any other exception is a mistake of ours, and goes to the log."""
_RETRY_SOON_S = 1
_STORE_UNAVAILABLE = "The database does not answer; nothing was written. Send the same request again in a second."
_OUTCOME_UNKNOWN = (
    "The database went away during the commit, so it is unknown whether this was written. "
    "Send the same request again in a second: it takes effect once."
)


class InputErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing in the request that does not fit."""

    detail: str
    """What does not fit."""
    pointer: str | None = None
    """Where: a JSON Pointer into the body."""
    parameter: str | None = None
    """Where: a query parameter or a header."""


class ProblemBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a request was refused (RFC 9457)."""

    type: str
    """Names the kind of problem for good; GET it for an explanation."""
    title: str
    """The same words for every problem of the kind."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong in this case, and what to do."""
    code: str
    """The kind again, as one word."""
    errors: tuple[InputErrorBody, ...] = ()
    """What does not fit, and where."""
    refusal: Problem | None = None
    """The saga's own no."""


def problem_response(error: ProblemError) -> Response:
    """The answer to a request that is refused."""
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return Response(msgspec.json.encode(problem_body(error, error.errors)), error.kind.status, headers, MEDIA_TYPE)


def problem_body(error: ProblemError, errors: Iterable[InputError]) -> ProblemBody:
    """What the answer says, with these errors in place of its own."""
    kind = error.kind
    bodies = tuple(InputErrorBody(one.detail, one.pointer, one.parameter) for one in errors)
    return ProblemBody(kind.type, kind.title, kind.status, error.detail, kind.code, bodies, error.refusal)


def problem_of(error: Exception) -> ProblemError:
    """What a caller is told of it."""
    match error:
        case ProblemError():
            return error
        case Overloaded():
            return ProblemError(OVERLOADED, str(error), retry_after_s=ceil(error.retry_after_s))
        case StoreUnavailable():
            return ProblemError(STORE_UNAVAILABLE, _STORE_UNAVAILABLE, retry_after_s=_RETRY_SOON_S)
        case OutcomeUnknown():
            return ProblemError(OUTCOME_UNKNOWN, _OUTCOME_UNKNOWN, retry_after_s=_RETRY_SOON_S)
        case _:
            return ProblemError(INTERNAL, "Something went wrong here; the coordinator's log has the details.")


def install_problems(app: FastAPI) -> None:
    """Makes every error of the application a problem."""
    for kind in (*REFUSALS, Exception):
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unrouted)


async def _refused(_: Request, error: Exception) -> Response:
    return problem_response(problem_of(error))


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = tuple(InputError(f"{found['msg']}.", parameter=str(found["loc"][-1])) for found in error.errors())
    named = ", ".join(dict.fromkeys(f"{one.parameter}" for one in errors))
    return problem_response(ProblemError(INVALID_REQUEST, f"Correct the parameter {named}.", errors=errors))


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path[:200]
    if error.status_code == WRONG_METHOD.status:
        response = problem_response(ProblemError(WRONG_METHOD, f"{path} does not take {request.method}."))
        response.headers.update(error.headers or {})
        return response
    if error.status_code == NOT_FOUND.status:
        return problem_response(ProblemError(NOT_FOUND, f"There is nothing at {path}: see /docs for what there is."))
    return problem_response(ProblemError(INTERNAL if error.status_code >= 500 else INVALID_REQUEST, str(error.detail)))
