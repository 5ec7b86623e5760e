"""POST /v1/sagas, when it is refused: with a problem that says what to do, and before anything is written."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from coordinator.runtime.intake import Overloaded
from coordinator.runtime.ports import OutcomeUnknown, StoreUnavailable
from tests.unit.api.conftest import BODY_BYTES
from tests.unit.api.sagas import SagasInMemory

JSON = {"Content-Type": "application/json"}
TEA: dict[str, Any] = {"definition": "make_tea", "input": {"kind": "oolong"}}


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem in the answer, which has the form that all problems have."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"/problems/{code.replace('_', '-')}"
    assert body["title"].endswith(".")
    assert body["detail"].endswith((".", "?")), body["detail"]
    return body


async def send(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    """Posts these very bytes."""
    return await client.post("/v1/sagas", content=content, headers={**JSON, **headers})


async def test_body_with_length_over_the_limit(client: httpx.AsyncClient) -> None:
    """A body whose length is over the limit is refused unread."""

    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("The body was read.")
        yield b""

    answer = await client.post("/v1/sagas", content=unread(), headers={**JSON, "Content-Length": str(BODY_BYTES + 1)})
    assert f"{BODY_BYTES:,}" in problem(answer, 413, "body_too_large")["detail"]


async def test_body_without_length_over_the_limit(client: httpx.AsyncClient) -> None:
    """A body that does not tell its length is refused when it passes the limit, not at its end."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * BODY_BYTES:
            sent += 64 * 1024
            yield b" " * 64 * 1024

    problem(await client.post("/v1/sagas", content=endless(), headers=JSON), 413, "body_too_large")
    assert sent < BODY_BYTES + 2 * 64 * 1024


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b'{"definition":"make_tea"} {}',
        b'{"input":' + b"[" * 100_000,
        b'{"definition":"make_tea","input":{"kind":NaN}}',
        b'{"definition":"make_tea","input":{"kind":"\\ud800"}}',
    ],
)
async def test_broken_json(client: httpx.AsyncClient, content: bytes) -> None:
    """What is no JSON is refused as such."""
    problem(await send(client, content), 400, "broken_json")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
async def test_wrong_content_type(client: httpx.AsyncClient, content_type: str) -> None:
    """Only JSON in UTF-8 is taken."""
    answer = await client.post("/v1/sagas", content=b"{}", headers={"Content-Type": content_type})
    problem(answer, 415, "wrong_content_type")


async def test_compressed_body(client: httpx.AsyncClient) -> None:
    """A compressed body is refused: its size is not known before it is unpacked."""
    problem(await send(client, b"{}", **{"Content-Encoding": "gzip"}), 415, "wrong_content_type")


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (b"{}", "/definition"),
        (b"[]", ""),
        (b'{"definition": 3}', "/definition"),
        (b'{"definition": "make_tea", "version": "1"}', "/version"),
        (b'{"definition": "make_tea", "inputt": {}}', "/inputt"),
    ],
)
async def test_wrong_form(client: httpx.AsyncClient, content: bytes, pointer: str) -> None:
    """A body of another form is refused with a pointer to what does not fit."""
    body = problem(await send(client, content), 422, "invalid_request")
    assert [error["pointer"] for error in body["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("make_te", "did you mean make_tea?"), ("fly", "it has make_tea, pour, refill, sell, serve, tidy.")],
)
async def test_unknown_definition(client: httpx.AsyncClient, name: str, hint: str) -> None:
    """An unknown definition is refused with the one that was meant, or with those there are."""
    answer = await client.post("/v1/sagas", json={**TEA, "definition": name})
    body = problem(answer, 404, "unknown_definition")
    assert hint in body["detail"]
    assert body["errors"][0]["pointer"] == "/definition"


async def test_unknown_version(client: httpx.AsyncClient) -> None:
    """A version that is not deployed is refused with those that are."""
    answer = await client.post("/v1/sagas", json={**TEA, "version": 3})
    assert "it has 1, 2." in problem(answer, 404, "unknown_definition")["detail"]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (b"{}", "/input/kind"),
        (b"null", "/input"),
        (b'{"kind": 1}', "/input/kind"),
        (b'{"kind": "a", "guests": ["b", 2]}', "/input/guests/1"),
        (b'{"kind": "\\u0000"}', "/input"),
        (b'{"kind": "a", "unknown": "\\u0000"}', "/input"),
        (b'{"kind": "a", "unknown": "\xff"}', "/input"),
        (b'{"kind": "a", "unknown": 1e999}', "/input"),
        (b'{"kind": "a", "unknown": ' + b"9" * 5_000 + b"}", "/input"),
    ],
)
async def test_unfit_input(client: httpx.AsyncClient, given: bytes, pointer: str) -> None:
    """An input that does not fit, or cannot be kept or published, is refused with a pointer to it."""
    answer = await send(client, b'{"definition": "make_tea", "input": ' + given + b"}")
    body = problem(answer, 422, "invalid_input")
    assert [error["pointer"] for error in body["errors"]] == [pointer]
    assert "make_tea" in body["detail"]


async def test_input_larger_than_a_message(client: httpx.AsyncClient) -> None:
    """An input that no message could carry is refused, though the body is within its own limit."""
    answer = await client.post("/v1/sagas", json={"definition": "make_tea", "input": {"kind": "a" * 600_000}})
    problem(answer, 413, "value_too_large")


@pytest.mark.parametrize("key", ["", " ", "a b", "a/b", "a?b", "a#b", "a%b", "a\\b", "a\nb", "a" * 201, "a\u200bb"])
async def test_unusable_key(client: httpx.AsyncClient, key: str) -> None:
    """A key that cannot stand in an address is refused."""
    body = problem(await client.post("/v1/sagas", json={**TEA, "key": key}), 422, "invalid_key")
    assert body["errors"][0]["pointer"] == "/key"


async def test_unusable_key_by_template(client: httpx.AsyncClient) -> None:
    """A key that the definition takes from the input is held to the same rules."""
    answer = await client.post("/v1/sagas", json={"definition": "make_tea", "input": {"kind": "earl grey"}})
    assert problem(answer, 422, "invalid_key")["errors"][0]["pointer"] == "/input"


async def test_missing_key(client: httpx.AsyncClient) -> None:
    """A definition without a key template needs a key."""
    answer = await client.post("/v1/sagas", json={"definition": "tidy"})
    assert "give a key" in problem(answer, 422, "invalid_key")["detail"]


async def test_two_keys(client: httpx.AsyncClient) -> None:
    """A key in the body and another one in the header contradict each other."""
    answer = await client.post("/v1/sagas", json={**TEA, "key": "a"}, headers={"Idempotency-Key": "b"})
    problem(answer, 422, "invalid_key")


async def test_other_input(client: httpx.AsyncClient) -> None:
    """The key of an existing saga with another input is a conflict."""
    await client.post("/v1/sagas", json={**TEA, "key": "a"})
    answer = await client.post("/v1/sagas", json={"definition": "make_tea", "input": {"kind": "mate"}, "key": "a"})
    problem(answer, 409, "input_conflict")


async def test_overloaded(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """A full coordinator says when to come back."""
    sagas.refuses_with = Overloaded("20,000 facts are waiting already.")
    answer = await client.post("/v1/sagas", json=TEA)
    problem(answer, 429, "overloaded")
    assert answer.headers["retry-after"] == "1"


async def test_store_unavailable(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Without Postgres nothing is accepted."""
    sagas.refuses_with = StoreUnavailable()
    answer = await client.post("/v1/sagas", json=TEA)
    problem(answer, 503, "store_unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_outcome_unknown(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """A commit whose answer is lost is not taken for a failure: asking again is safe, and the problem says so."""
    sagas.refuses_with = OutcomeUnknown()
    body = problem(await client.post("/v1/sagas", json=TEA), 503, "outcome_unknown")
    assert "takes effect once" in body["detail"]


async def test_mistake_of_ours(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """A bug is a problem too, and tells nothing about the inside."""
    sagas.refuses_with = RuntimeError("a secret")
    answer = await client.post("/v1/sagas", json=TEA)
    problem(answer, 500, "internal")
    assert "secret" not in answer.text


async def test_slow_body(client: httpx.AsyncClient) -> None:
    """A body that does not arrive in time is given up."""

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    problem(await client.post("/v1/sagas", content=slow(), headers=JSON), 408, "body_timeout")


@pytest.mark.parametrize(
    ("attributes", "pointer", "words"),
    [
        ({"Customer": "C-7"}, "/attributes/Customer", "lower-case letters"),
        ({"customer": "x" * 201}, "/attributes/customer", "at most 200 printable characters"),
        ({"amount": 2**60}, "/attributes/amount", "between -2^53 and 2^53"),
        ({f"a{n}": n for n in range(33)}, "/attributes", "a saga may have 32"),
        ({"customer": ["C-7"]}, "/attributes", "array"),
        ({"customer": None}, "/attributes", "null"),
    ],
)
async def test_attributes_that_do_not_fit(
    client: httpx.AsyncClient, sagas: SagasInMemory, attributes: Any, pointer: str, words: str
) -> None:
    """The one that does not is pointed at, and nothing is started."""
    body = problem(await client.post("/v1/sagas", json={**TEA, "attributes": attributes}), 422, "invalid_request")
    assert body["errors"][0]["pointer"].startswith(pointer)
    assert words in str(body)
    assert sagas.submitted == []
