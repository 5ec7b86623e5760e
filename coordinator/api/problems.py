"""Errors as RFC 9457 problems."""

from math import ceil

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

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
_RETRY_SOON_S = 1


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


def problem_response(error: ProblemError) -> Response:
    """The answer to a request that is refused."""
    kind = error.kind
    errors = tuple(InputErrorBody(one.detail, one.pointer, one.parameter) for one in error.errors)
    body = ProblemBody(kind.type, kind.title, kind.status, error.detail, kind.code, errors)
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return Response(msgspec.json.encode(body), kind.status, headers, MEDIA_TYPE)


def install_problems(app: FastAPI) -> None:
    """Makes every error of the application a problem."""
    app.add_exception_handler(ProblemError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unrouted)
    app.add_exception_handler(Overloaded, _overloaded)
    app.add_exception_handler(StoreUnavailable, _store_unavailable)
    app.add_exception_handler(OutcomeUnknown, _outcome_unknown)
    app.add_exception_handler(Exception, _mistake)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(error)


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


async def _overloaded(_: Request, error: Exception) -> Response:
    assert isinstance(error, Overloaded)
    return problem_response(ProblemError(OVERLOADED, str(error), retry_after_s=ceil(error.retry_after_s)))


async def _store_unavailable(_: Request, __: Exception) -> Response:
    detail = "The database does not answer; nothing was written. Send the same request again in a second."
    return problem_response(ProblemError(STORE_UNAVAILABLE, detail, retry_after_s=_RETRY_SOON_S))


async def _outcome_unknown(_: Request, __: Exception) -> Response:
    detail = (
        "The database went away during the commit, so it is unknown whether this was written. "
        "Send the same request again in a second: it takes effect once."
    )
    return problem_response(ProblemError(OUTCOME_UNKNOWN, detail, retry_after_s=_RETRY_SOON_S))


async def _mistake(_: Request, __: Exception) -> Response:
    return problem_response(ProblemError(INTERNAL, "Something went wrong here; the coordinator's log has the details."))
