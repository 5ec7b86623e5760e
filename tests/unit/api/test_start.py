"""POST /v1/sagas, when it goes well."""

import asyncio
from typing import Any

import httpx
import msgspec

from contracts.answers import Success
from coordinator.api.parts import Parts
from coordinator.engine.facts import Start
from tests.unit.api.sagas import SagasInMemory

TEA: dict[str, Any] = {"definition": "make_tea", "input": {"kind": "oolong"}}
DONE = Success(msgspec.Raw(b'"hot"'))


async def test_accepted(client: httpx.AsyncClient) -> None:
    """A new saga is answered with 202, its address and where it stands."""
    answer = await client.post("/v1/sagas", json=TEA)
    assert answer.status_code == 202
    assert answer.headers["location"] == "/v1/sagas/make_tea:oolong"
    assert answer.json() == {
        "id": "make_tea:oolong",
        "definition": "make_tea",
        "version": 2,
        "status": "running",
        "href": "/v1/sagas/make_tea:oolong",
    }


async def test_input_is_kept_as_it_came(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """What a client sends is kept, also fields that the definition does not know."""
    await client.post("/v1/sagas", json={"definition": "make_tea", "input": {"kind": "oolong", "cup": "blue"}})
    [(_, fact)] = sagas.submitted
    assert isinstance(fact, Start)
    assert msgspec.json.decode(fact.input) == {"kind": "oolong", "cup": "blue"}


async def test_same_input_is_the_same_saga(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """The same key and input again gives the saga that is there, as it is now."""
    await client.post("/v1/sagas", json={**TEA, "version": 1})
    answer = await client.post(
        "/v1/sagas", content=b'{"input": { "kind" :"oolong"}, "definition":"make_tea"}', headers=JSON
    )
    assert answer.status_code == 202
    assert answer.json()["version"] == 1


async def test_same_input_after_its_end(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """The same key and input after the saga's end is answered with 200 and the ended saga."""
    await client.post("/v1/sagas", json=TEA)
    await sagas.answer("make_tea:oolong", 1, DONE)
    answer = await client.post("/v1/sagas", json=TEA)
    assert answer.status_code == 200
    assert answer.json()["status"] == "completed"
    assert answer.json()["outcome"] == {"result": "hot"}


async def test_key_in_the_body(client: httpx.AsyncClient) -> None:
    """A key in the body goes before the definition's template."""
    answer = await client.post("/v1/sagas", json={**TEA, "key": "mine"})
    assert answer.json()["id"] == "make_tea:mine"


async def test_key_in_the_header(client: httpx.AsyncClient) -> None:
    """Idempotency-Key is the saga's key, quoted or not."""
    for header in ("mine", '"mine"'):
        answer = await client.post("/v1/sagas", json=TEA, headers={"Idempotency-Key": header})
        assert answer.json()["id"] == "make_tea:mine"


async def test_key_with_other_letters(client: httpx.AsyncClient) -> None:
    """A key outside ASCII is found again at the address that was given."""
    answer = await client.post("/v1/sagas", json={**TEA, "key": "wüste"})
    found = await client.get(answer.headers["location"])
    assert found.json()["id"] == "make_tea:wüste"


async def test_no_input(client: httpx.AsyncClient) -> None:
    """A saga that takes no input is started without one."""
    answer = await client.post("/v1/sagas", json={"definition": "tidy", "key": "today"})
    assert answer.status_code == 202


async def test_wait_until_the_end(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Prefer: wait=N answers as soon as the saga has ended, with the whole saga."""
    waiting = asyncio.create_task(client.post("/v1/sagas", json=TEA, headers={"Prefer": "respond-async, wait=30"}))
    async with asyncio.timeout(5):
        await sagas.got_a_fact.wait()
        await sagas.answer("make_tea:oolong", 1, DONE)
        answer = await waiting
    assert answer.status_code == 200
    assert answer.json()["status"] == "completed"
    assert answer.headers["preference-applied"] == "wait=30"


async def test_wait_in_vain(client: httpx.AsyncClient) -> None:
    """A saga that does not end within the wait is answered with 202, like one that nobody waits for."""
    answer = await client.post("/v1/sagas", json=TEA, headers={"Prefer": "wait=0"})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=0"


async def test_wait_is_capped(client: httpx.AsyncClient, parts: Parts) -> None:
    """No longer wait is granted than the setting allows; a coordinator that stops lets go of who waits."""
    parts.stopping.set()
    answer = await client.post("/v1/sagas", json=TEA, headers={"Prefer": "wait=86400"})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=60"


async def test_trace_is_joined(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """The saga joins the trace of the request."""
    header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await client.post("/v1/sagas", json=TEA, headers={"traceparent": header})
    [(_, fact)] = sagas.submitted
    assert isinstance(fact, Start)
    assert fact.traceparent == header


JSON = {"Content-Type": "application/json"}
