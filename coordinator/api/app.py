"""The HTTP application."""

from typing import Any

from fastapi import FastAPI

from coordinator.api.document import openapi_document
from coordinator.api.parts import Parts
from coordinator.api.problems import install_problems
from coordinator.api.quick_route import QuickFastAPI
from coordinator.api.routes import (
    acts,
    answers,
    batches,
    definitions,
    events,
    probes,
    problem_kinds,
    queries,
    repairs,
    sagas,
    signals,
    starts,
    updates,
)

API_VERSION = "1.0"
_DESCRIPTION = """\
Start sagas, look at them and see to those that need a person.

Every error is a problem of RFC 9457 (`application/problem+json`) whose `detail` says what to do and whose `type`
can be fetched. Every POST can safely be sent again; a signal or an update, if it has an id.
"""


def build_app(parts: Parts | None) -> FastAPI:
    """The application over its parts; without them it can only be described."""
    app = QuickFastAPI(
        title="Amends",
        summary="A saga coordinator.",
        description=_DESCRIPTION,
        version=API_VERSION,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    app.include_quickly(starts.router)
    for routes in (
        batches,
        sagas,
        acts,
        signals,
        updates,
        queries,
        repairs,
        answers,
        events,
        definitions,
        probes,
        problem_kinds,
    ):
        app.include_router(routes.router)
    install_problems(app)
    app.openapi = lambda: _document(app)
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = openapi_document(app)
    return app.openapi_schema
