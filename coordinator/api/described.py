"""How routes describe their bodies in OpenAPI: msgspec writes them, so FastAPI has to be told."""

from typing import Any

import msgspec

from coordinator.api.problems import MEDIA_TYPE, ProblemBody
from coordinator.errors import ProblemKind

Described = dict[str, Any]
Responses = dict[int | str, Described]
COMPONENTS = "#/components/schemas/"
EXAMPLES = "#/components/examples/"


def body(kind: type[msgspec.Struct], example: str, *, required: bool = True) -> Described:
    """``openapi_extra`` of a route that takes this body; ``example`` is a name in ``examples``."""
    return {"requestBody": {"required": required, "content": {"application/json": _shown(kind, example)}}}


def any_body(description: str, example: str) -> Described:
    """``openapi_extra`` of a route that takes any JSON."""
    content = {"application/json": {"schema": {}, "examples": {example: {"$ref": f"{EXAMPLES}{example}"}}}}
    return {"requestBody": {"required": False, "description": description, "content": content}}


def header(name: str, description: str, example: str) -> Described:
    """``openapi_extra`` of an optional request header."""
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


def traceparent(description: str) -> Described:
    """``openapi_extra`` of the header that has the client's trace context."""
    return header("traceparent", description, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")


def answer(kind: type[msgspec.Struct], description: str, example: str, *headers: str) -> Described:
    """One entry of ``responses``: a body of this kind, and headers named with their meaning after a colon."""
    described: Described = {"description": description, "content": {"application/json": _shown(kind, example)}}
    if headers:
        described["headers"] = dict(_header(text) for text in headers)
    return described


def refusals(*kinds: ProblemKind) -> Responses:
    """Entries of ``responses`` for these problems, with an example of each."""
    by_status: dict[int, list[ProblemKind]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _problems(same) for status, same in sorted(by_status.items())}


def _problems(kinds: list[ProblemKind]) -> Described:
    examples = {
        kind.code: {
            "summary": kind.title,
            "value": {
                "type": kind.type,
                "title": kind.title,
                "status": kind.status,
                "detail": kind.remedy,
                "code": kind.code,
            },
        }
        for kind in kinds
    }
    content = {MEDIA_TYPE: {"schema": _reference(ProblemBody), "examples": examples}}
    described: Described = {"description": " ".join(kind.title for kind in kinds), "content": content}
    if kinds[0].status in (429, 503):
        described["headers"] = dict([_header("Retry-After: seconds to wait")])
    return described


def _header(text: str) -> tuple[str, Described]:
    name, _, meaning = text.partition(": ")
    return name, {"description": f"{meaning[0].upper()}{meaning[1:]}.", "schema": {"type": "string"}}


def public_name(kind: type[msgspec.Struct]) -> str:
    """What clients call the body: its name here without ``Body``."""
    return kind.__name__.removesuffix("Body")


def _shown(kind: type[msgspec.Struct], example: str) -> Described:
    return {"schema": _reference(kind), "examples": {example: {"$ref": f"{EXAMPLES}{example}"}}}


def _reference(kind: type[msgspec.Struct]) -> Described:
    return {"$ref": f"{COMPONENTS}{public_name(kind)}"}
