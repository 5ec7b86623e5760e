"""OpenAPI 3.1 of the interface."""

import json
import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from contracts.schemas import type_schemas
from coordinator.api.described import COMPONENTS
from coordinator.api.examples import EXAMPLES
from coordinator.api.problems import ProblemBody
from coordinator.api.routes.problem_kinds import ProblemKindBody
from coordinator.api.views import BODIES

_UNUSED = ("HTTPValidationError", "ValidationError")
"""FastAPI's own form of errors."""
_NESTED = re.compile(rf"({COMPONENTS}\w+?)Body(?=\")")


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The document. Bodies are msgspec structs, which FastAPI cannot describe by itself."""
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
    )
    _, schemas = type_schemas([*BODIES, ProblemBody, ProblemKindBody], COMPONENTS)
    components = document.setdefault("components", {})
    own = {name: schema for name, schema in components.get("schemas", {}).items() if name not in _UNUSED}
    components["schemas"] = dict(sorted(_published({**own, **schemas}).items()))
    components["examples"] = {name: {"value": value} for name, value in EXAMPLES.items()}
    return document


def _published(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas under the names that clients see."""
    named = {name.removesuffix("Body"): schema for name, schema in schemas.items()}
    titled = {name: {**schema, "title": name} for name, schema in named.items()}
    return json.loads(_NESTED.sub(r"\1", json.dumps(titled)))
