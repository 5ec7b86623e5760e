"""A start is answered ahead of FastAPI's middleware and routing: with the same answers."""

from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from coordinator.api.app import build_app
from coordinator.runtime.intake import Overloaded
from coordinator.runtime.ports import OutcomeUnknown, StoreUnavailable
from tests.unit.api.conftest import parts_over
from tests.unit.api.definitions import DEFINITIONS
from tests.unit.api.sagas import SagasInMemory

JSON = {"Content-Type": "application/json"}
TEA = {"definition": "make_tea", "input": {"kind": "oolong"}}


async def answer(
    quickly: bool, error: Exception | None, **request: Any
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of the answer to the second of two equal starts."""
    sagas = SagasInMemory(DEFINITIONS)
    app = build_app(parts_over(sagas))
    transport = httpx.ASGITransport(app if quickly else partial(FastAPI.__call__, app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://coordinator") as client:
        await client.request(**request)
        sagas.refuses_with = error
        found = await client.request(**request)
    return found.status_code, found.headers.raw, found.content


@pytest.mark.parametrize(
    "request_",
    [
        {"json": TEA},
        {"json": TEA, "headers": {"Prefer": "wait=0"}},
        {"json": {**TEA, "key": "wüste"}},
        {"json": {**TEA, "definition": "make_coffee"}},
        {"json": {"definition": "make_tea"}},
        {"content": b"{", "headers": JSON},
        {"content": b"{}"},
        {"json": TEA, "headers": {"Idempotency-Key": "a b"}},
        {"json": TEA, "params": {"a": "b"}},
        {"json": TEA, "url": "/v1/sagas/"},
        {"json": TEA, "method": "PUT"},
        {"method": "GET"},
        {"method": "HEAD"},
        {"method": "OPTIONS"},
    ],
    ids=str,
)
async def test_same_answer(request_: dict[str, Any]) -> None:
    """Whatever is asked."""
    request = {"method": "POST", "url": "/v1/sagas", **request_}
    assert await answer(True, None, **request) == await answer(False, None, **request)


@pytest.mark.parametrize(
    "error", [Overloaded("Full.", 1.2), StoreUnavailable(), OutcomeUnknown(), RuntimeError("a secret")], ids=repr
)
async def test_same_refusal(error: Exception) -> None:
    """Whatever goes wrong."""
    request = {"method": "POST", "url": "/v1/sagas", "json": TEA}
    assert await answer(True, error, **request) == await answer(False, error, **request)


async def test_a_mistake_is_handed_on() -> None:
    """The server gets to know of a mistake, so that it is logged."""
    sagas = SagasInMemory(DEFINITIONS)
    sagas.refuses_with = RuntimeError("a secret")
    transport = httpx.ASGITransport(build_app(parts_over(sagas)))
    async with httpx.AsyncClient(transport=transport, base_url="http://coordinator") as client:
        with pytest.raises(RuntimeError, match="a secret"):
            await client.post("/v1/sagas", json=TEA)


async def test_a_client_that_goes_away() -> None:
    """Nothing is answered to who went away in the middle of its body, and it is no mistake of ours."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/sagas", "headers": [], "query_string": b""}
    await build_app(parts_over(SagasInMemory(DEFINITIONS)))(scope, receive, send)
    assert sent == []
