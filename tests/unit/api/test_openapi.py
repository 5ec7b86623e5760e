"""The OpenAPI document: committed, valid, and true to what is answered."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from coordinator.api.openapi import COMMITTED, document_text
from tests.unit.api.sagas import SagasInMemory

DOCUMENT: dict[str, Any] = json.loads(document_text())


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body of the document, requests and answers, with where it stands."""
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                for media in body.get("content", {}).values():
                    yield f"{method} {path} {name}", media


def check(schema: dict[str, Any], value: Any) -> None:
    """Holds the value against a schema of the document."""
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def test_committed_copy() -> None:
    """The committed copy is what the code says; `python -m coordinator.api.openapi` writes it."""
    assert COMMITTED.read_text(encoding="utf-8") == document_text()


def test_version() -> None:
    """It is OpenAPI 3.1, whose schemas are JSON Schema 2020-12."""
    assert DOCUMENT["openapi"].startswith("3.1.")
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("where", "media"), list(contents()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_examples_fit_their_schemas(where: str, media: dict[str, Any]) -> None:
    """Every body has a schema, and an example that fits it."""
    examples = media.get("examples", {"": {"value": media.get("example")}})
    for example in examples.values():
        if "$ref" in example:
            example = DOCUMENT["components"]["examples"][example["$ref"].rpartition("/")[2]]
        check(media["schema"], example["value"])


def test_every_operation_describes_its_refusals() -> None:
    """Whoever takes parameters or a body says with which problem it refuses them."""
    for operations in DOCUMENT["paths"].values():
        for operation in operations.values():
            if operation.get("parameters") or "requestBody" in operation:
                assert "application/problem+json" in operation["responses"]["422"]["content"]


def test_nobody_is_named_by_us_alone() -> None:
    """Names that clients see say nothing of how the code calls them."""
    assert not [name for name in DOCUMENT["components"]["schemas"] if name.endswith("Body")]


async def test_answers_fit_their_schemas(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """What is really answered has the form that the document promises."""
    await client.post("/v1/sagas", json={"definition": "make_tea", "input": {"kind": "a"}})
    for path, template in [
        ("/v1/sagas", "/v1/sagas"),
        ("/v1/sagas/make_tea:a", "/v1/sagas/{saga_id}"),
        ("/v1/sagas/make_tea:a/history", "/v1/sagas/{saga_id}/history"),
        ("/v1/sagas/none", "/v1/sagas/{saga_id}"),
        ("/v1/definitions", "/v1/definitions"),
        ("/v1/definitions/make_tea", "/v1/definitions/{name}"),
        ("/readyz", "/readyz"),
        ("/problems/not-found", "/problems/{kind}"),
    ]:
        answer = await client.get(path)
        promised = DOCUMENT["paths"][template]["get"]["responses"][str(answer.status_code)]["content"]
        check(promised[answer.headers["content-type"]]["schema"], answer.json())
