"""Whatever is sent, the answer is one of those that are documented (S2)."""

import asyncio
import json
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from hypothesis import given
from hypothesis import strategies as st

from coordinator.api.app import build_app
from coordinator.api.openapi import openapi_document
from coordinator.api.parts import Parts
from tests.unit.api.conftest import parts_over
from tests.unit.api.definitions import DEFINITIONS
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_acts import ACTS

DOCUMENT = openapi_document(build_app(None))
TEXT = st.text(st.characters(), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
TEA = st.fixed_dictionaries({"kind": TEXT | JSON}, optional={"sugar": JSON, "guests": JSON})
START = st.fixed_dictionaries(
    {"definition": st.sampled_from(["make_tea", "tidy"]) | TEXT | JSON},
    optional={"input": TEA | JSON, "key": TEXT | JSON, "version": st.integers(0, 3) | JSON, "else": JSON},
)
BODY = st.binary(max_size=40) | JSON.map(json.dumps).map(str.encode) | START.map(json.dumps).map(str.encode)
HEADERS = st.dictionaries(
    st.sampled_from(["Prefer", "Idempotency-Key", "Content-Type", "Last-Event-ID", "traceparent"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20).map(lambda text: text.encode("latin-1")),
    max_size=3,
)


def ask(method: str, path: str, **request: Any) -> httpx.Response:
    """One request to a coordinator without sagas."""

    async def converse() -> httpx.Response:
        parts: Parts = parts_over(SagasInMemory(DEFINITIONS))
        parts.stopping.set()
        transport = httpx.ASGITransport(build_app(parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://coordinator") as client:
            return await client.request(method, path, **request)

    return asyncio.run(converse())


def check(answer: httpx.Response, method: str, template: str) -> None:
    """The status and the type of the answer are documented, and no mistake of ours."""
    promised = DOCUMENT["paths"][template][method]["responses"]
    assert answer.status_code < 500, answer.text
    assert str(answer.status_code) in promised, answer.text
    content = promised[str(answer.status_code)].get("content")
    assert content is None or answer.headers["content-type"].partition(";")[0] in content


@given(BODY, HEADERS)
def test_start(body: bytes, headers: dict[str, bytes]) -> None:
    """Any body with any headers can be posted."""
    check(
        ask("POST", "/v1/sagas", content=body, headers={"Content-Type": b"application/json", **headers}),
        "post",
        "/v1/sagas",
    )


@given(BODY | st.lists(START | JSON, max_size=4).map(lambda starts: json.dumps({"starts": starts}).encode()), HEADERS)
def test_batch(body: bytes, headers: dict[str, bytes]) -> None:
    """Any batch with any headers can be posted."""
    answer = ask("POST", "/v1/sagas:batch", content=body, headers={"Content-Type": b"application/json", **headers})
    check(answer, "post", "/v1/sagas:batch")
    if answer.status_code == 200:
        assert all(one.get("problem", {"status": 0})["status"] < 500 for one in answer.json()["answers"])


@given(st.dictionaries(st.sampled_from(["definition", "status", "limit", "cursor"]), TEXT, max_size=4))
def test_list(query: dict[str, str]) -> None:
    """Any filter can be asked for."""
    asked = urlencode(query, errors="replace")
    check(ask("GET", f"/v1/sagas?{asked}"), "get", "/v1/sagas")


@given(
    st.text(st.characters(exclude_characters="/"), min_size=1, max_size=20),
    HEADERS,
    st.sampled_from(["", "/history", "/events"]),
)
def test_look(saga_id: str, headers: dict[str, bytes], what: str) -> None:
    """Any saga can be looked for."""
    answer = ask("GET", f"/v1/sagas/{quote(saga_id, safe='', errors='replace')}{what}", headers=headers)
    if saga_id not in (".", ".."):
        check(answer, "get", f"/v1/sagas/{{saga_id}}{what}")


@given(BODY, HEADERS, st.sampled_from([*ACTS, "signals/wish"]))
def test_act(body: bytes, headers: dict[str, bytes], act: str) -> None:
    """Anything can be sent to a saga that is not there."""
    answer = ask("POST", f"/v1/sagas/make_tea:a/{act}", content=body, headers=headers)
    described = act.replace("/1/", "/{step}/").replace("/wish", "/{name}")
    check(answer, "post", f"/v1/sagas/{{saga_id}}/{described}")
