"""JSON Schema (2020-12) of what a participant's messages carry, derived from its contract."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from contracts.answers import Pending, Progress
from contracts.command import Command
from contracts.contract import Contract
from contracts.failures import Problem
from contracts.field_docs import field_docs
from contracts.header_schemas import ANSWERS, command_headers, reply_headers

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
GENERATED = "Generated from the contracts by `python -m contracts.generate`; edit those instead."


def type_schemas(types: Iterable[Any], base: str) -> tuple[list[Schema], dict[str, Schema]]:
    """The schema of each type and, by name, of each struct they use; ``base`` is where those will stand."""
    wanted = list(types)
    schemas, components = msgspec.json.schema_components(wanted, ref_template=f"{base}{{name}}")
    for component in components.values():
        if "description" in component:  # msgspec before 0.23 leaves docstrings indented
            component["description"] = inspect.cleandoc(component["description"])
    for declared in _structs(wanted):
        component = components.get(declared.__name__, {})
        for field in msgspec.structs.fields(declared):
            doc = field_docs(declared).get(field.name)
            if doc and field.encode_name in component.get("properties", {}):
                component["properties"][field.encode_name]["description"] = doc
    return list(schemas), components


def problem_schema() -> Schema:
    """The value of a refusal and of a failure, and the cause of an undo."""
    _, components = type_schemas([Problem], "#/")
    return components["Problem"]


def value_schemas(contract: type[Contract], base: str, problem: Schema) -> dict[str, Schema]:
    """Per command ``<command>.arguments``, ``<command>.result`` and ``<command>.undo``, and the structs they use.

    ``base`` is where the schemas will stand, ``problem`` the reference to the schema of a problem.
    """
    commands = contract.commands.values()
    types = [kind for command in commands for kind in (*command.parameters.values(), command.result_type)]
    written, structs = type_schemas(types, base)
    schemas = iter(written)
    found: dict[str, Schema] = {}
    for command in commands:
        arguments = {name: next(schemas) for name in command.parameters}
        found |= _command_schemas(command, arguments, next(schemas), base, problem)
    return found | structs


def participant_bundle(contract: type[Contract]) -> Schema:
    """Everything that travels between the coordinator and one participant, as one JSON Schema document."""
    base = "#/$defs/"
    headers: dict[str, Schema] = {}
    for command in contract.commands.values():
        headers[f"{command.name}.headers"] = command_headers(command.type, "forward")
        if command.undo_with is not None:
            headers[f"{command.name}.undo.headers"] = command_headers(command.type, "undo", command.other_undos)
    headers |= {f"reply.{answer}.headers": reply_headers(answer) for answer in ANSWERS}
    values = value_schemas(contract, base, {"$ref": f"{base}Problem"})
    return {
        "$schema": DIALECT,
        "$id": f"urn:amends:participants:{contract.participant}",
        "$comment": GENERATED,
        "title": contract.participant,
        "description": contract.description(),
        "$defs": {**values, "Problem": problem_schema(), **open_schemas(), **headers},
    }


def open_schemas() -> Mapping[str, Schema]:
    """The values that no contract declares."""
    return {
        "progress": {"title": "progress", "description": Progress.__doc__ or ""},
        "pending": {
            "title": "pending",
            "description": Pending.__doc__ or "",
            "type": ["object", "null"],
            "properties": {"timeout_ms": {"type": "integer", "minimum": 1}},
        },
        "undone": {"title": "undone", "description": "An undo succeeded; it has no result.", "type": "null"},
    }


def call_schemas(problem: Schema) -> Mapping[str, Schema]:
    """The values of a saga's call by another saga, and of its undo. ``problem`` refers to a problem's schema."""
    call: Schema = {
        "title": "call",
        "description": "The called saga's input, where it takes one.",
        "type": "object",
        "properties": {"input": {}},
    }
    undo: Schema = {
        "title": "call: undo",
        "description": "The call, what it was answered, and why the caller goes back.",
        "type": "object",
        "properties": {"command": call, "result": {}, "cause": problem},
        "required": ["command", "result", "cause"],
    }
    return {"call": call, "call.undo": undo}


def _command_schemas(
    command: Command[..., Any], arguments: Mapping[str, Schema], result: Schema, base: str, problem: Schema
) -> dict[str, Schema]:
    named = {
        f"{command.name}.arguments": {
            "title": f"{command.type}: arguments",
            "description": command.doc,
            "type": "object",
            "properties": arguments,
            "required": list(arguments),
        },
        f"{command.name}.result": {"title": f"{command.type}: result", **result},
    }
    if command.undo_with is not None:
        unknown = {"type": "null", "description": "The outcome is unknown."}
        named[f"{command.name}.undo"] = {
            "title": f"{command.type}: undo",
            "description": inspect.getdoc(command.undo_with.method) or "",
            "type": "object",
            "properties": {
                "command": {"$ref": f"{base}{command.name}.arguments"},
                "result": {"anyOf": [{"$ref": f"{base}{command.name}.result"}, unknown]},
                "cause": problem,
            },
            "required": ["command", "result", "cause"],
        }
    return named


def _structs(types: Iterable[Any]) -> list[type[msgspec.Struct]]:
    """All structs among the types, and inside them."""
    found: dict[type[msgspec.Struct], None] = {}
    waiting = [msgspec.inspect.type_info(kind) for kind in types]
    while waiting:
        node = waiting.pop()
        if isinstance(node, msgspec.inspect.StructType):
            if node.cls in found:
                continue
            found[node.cls] = None
            waiting += [field.type for field in node.fields]
        for attribute in ("types", "item_types"):
            waiting += getattr(node, attribute, ())
        for attribute in ("item_type", "key_type", "value_type", "type"):
            inner = getattr(node, attribute, None)
            if isinstance(inner, msgspec.inspect.Type):
                waiting.append(inner)
    return list(found)
