"""The sagas that this coordinator can run."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.schemas import type_schemas
from coordinator.api import described
from coordinator.api.answers import json_answer
from coordinator.api.parts import parts_of
from coordinator.api.views import AnsweredBody, DefinitionBody, DefinitionListBody
from coordinator.errors import INVALID_REQUEST, UNKNOWN_DEFINITION, ProblemError
from coordinator.saga import Definitions, SagaDefinition
from coordinator.saga.parameters import AnsweredType

router = APIRouter(tags=["definitions"])
_BASE = "#/$defs/"


@router.get(
    "/v1/definitions",
    operation_id="list_definitions",
    summary="List saga definitions",
    response_class=Response,
    responses={
        200: described.answer(DefinitionListBody, "All of them.", "definitions"),
    },
)
async def list_definitions(request: Request) -> Response:
    """By name, each in its latest version."""
    definitions = parts_of(request).definitions
    latest = [definition for name in definitions.names() if (definition := definitions.latest(name)) is not None]
    return json_answer(DefinitionListBody(tuple(_described(definition, definitions) for definition in latest)))


@router.get(
    "/v1/definitions/{name}",
    operation_id="get_definition",
    summary="Get a saga definition",
    response_class=Response,
    responses={
        200: described.answer(DefinitionBody, "Its latest version.", "definition"),
        **described.refusals(UNKNOWN_DEFINITION, INVALID_REQUEST),
    },
)
async def get_definition(request: Request, name: str) -> Response:
    """With the JSON Schemas of its input, its result, and what it takes from outside."""
    definitions = parts_of(request).definitions
    latest = definitions.latest(name)
    if latest is None:
        known = ", ".join(definitions.names()) or "none"
        raise ProblemError(UNKNOWN_DEFINITION, f"This coordinator has no saga {name[:80]!r}: it has {known}.")
    return json_answer(_described(latest, definitions))


def _described(definition: SagaDefinition, definitions: Definitions) -> DefinitionBody:
    return DefinitionBody(
        name=definition.name,
        version=definition.version,
        versions=tuple(sorted(one.version for one in definitions if one.name == definition.name)),
        doc=definition.doc,
        key=definition.key_template,
        deadline_ms=definition.deadline_ms,
        participants=_names(definition, local=False),
        local=_names(definition, local=True),
        input=_schema(definition.input_type),
        result=_schema(definition.result_type),
        signals={name: _schema(signal.type) for name, signal in definition.signals.items()},
        updates={name: _answered(update) for name, update in definition.updates.items()},
        queries={name: _answered(query) for name, query in definition.queries.items()},
    )


def _names(definition: SagaDefinition, *, local: bool) -> tuple[str, ...]:
    return tuple(sorted({each.participant for each in definition.contracts.values() if each.local is local}))


def _answered(asked: AnsweredType) -> AnsweredBody:
    return AnsweredBody(_schema(asked.type), _schema(asked.answer_type))


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), components = type_schemas([kind], _BASE)
    return {**schema, "$defs": components} if components else schema
