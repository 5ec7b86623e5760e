"""Looking at sagas over HTTP."""

from typing import Any

import httpx
import msgspec
import pytest

from contracts.answers import Success
from coordinator.runtime.ports import StoreUnavailable
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem


async def start(client: httpx.AsyncClient, *kinds: str) -> None:
    """Starts a saga for each kind of tea."""
    for kind in kinds:
        answer = await client.post("/v1/sagas", json={"definition": "make_tea", "input": {"kind": kind}})
        assert answer.status_code == 202


def ids(answer: httpx.Response) -> list[str]:
    """Ids of the sagas on a page."""
    assert answer.status_code == 200, answer.text
    return [saga["id"].partition(":")[2] for saga in answer.json()["sagas"]]


async def test_saga(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """A saga tells what it was started with, how it ended and when, with times by RFC 3339."""
    await start(client, "mate")
    await sagas.answer("make_tea:mate", 1, Success(msgspec.Raw(b'"hot"')))
    body = (await client.get("/v1/sagas/make_tea:mate")).json()
    assert body == {
        "id": "make_tea:mate",
        "definition": "make_tea",
        "version": 2,
        "status": "completed",
        "href": "/v1/sagas/make_tea:mate",
        "status_line": None,
        "attributes": {},
        "input": {"kind": "mate"},
        "outcome": {"result": "hot"},
        "parked_for": None,
        "wake_at": None,
        "started_at": "2026-03-01T12:00:00.001Z",
        "ended_at": "2026-03-01T12:00:00.002Z",
        "traceparent": None,
        "round": 1,
        "parent": None,
    }


@pytest.mark.parametrize("path", ["", "/history", "/events"])
@pytest.mark.parametrize("saga_id", ["make_tea:none", "a%00b", "x" * 5_000, "%ED%A0%80"])
async def test_unknown_saga(client: httpx.AsyncClient, saga_id: str, path: str) -> None:
    """What is no saga is not found, whatever it looks like."""
    problem(await client.get(f"/v1/sagas/{saga_id}{path}"), 404, "unknown_saga")


async def test_list_newest_first(client: httpx.AsyncClient) -> None:
    """The list begins with the saga that was started last."""
    await start(client, "a", "b", "c")
    assert ids(await client.get("/v1/sagas")) == ["c", "b", "a"]


async def test_list_pages(client: httpx.AsyncClient) -> None:
    """Following `next` shows each saga once, also when others start meanwhile; the last page has no next."""
    await start(client, "a", "b", "c", "d", "e")
    first = await client.get("/v1/sagas?limit=2&definition=make_tea")
    await start(client, "f")
    second = await client.get(first.json()["next"])
    third = await client.get(second.json()["next"])
    assert [ids(first), ids(second), ids(third)] == [["e", "d"], ["c", "b"], ["a"]]
    assert third.json()["next"] is None
    assert first.headers["link"] == f'<{first.json()["next"]}>; rel="next"'


async def test_what_a_saga_shows(client: httpx.AsyncClient) -> None:
    """Its line, and attributes of both sides."""
    given = {"customer": "C-7", "amount": 120}
    await client.post("/v1/sagas", json={"definition": "sell", "key": "a", "attributes": given})
    body = (await client.get("/v1/sagas/sell:a")).json()
    assert body["status_line"] == "waiting for approval"
    assert body["attributes"] == {"customer": "C-7", "amount": 121, "urgent": True}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["customer:C-7"], ["b", "a"]),
        (["customer:C-7", "zip:53111"], ["b"]),
        (["zip:53111"], ["c", "b"]),
        (["amount:121"], ["c", "b", "a"]),
        (["amount:121.0"], ["c", "b", "a"]),
        (["urgent:true"], ["c", "b", "a"]),
        (["urgent:1"], []),
        (["customer:c-7"], []),
        (["customer:"], []),
        (["note:a:b"], ["a"]),
    ],
)
async def test_list_by_attributes(client: httpx.AsyncClient, wanted: list[str], found: list[str]) -> None:
    """All of those named; a number is found as one and as text."""
    for key, own in {
        "a": {"customer": "C-7", "note": "a:b"},
        "b": {"customer": "C-7", "zip": "53111"},
        "c": {"zip": 53111},
    }.items():
        await client.post("/v1/sagas", json={"definition": "sell", "key": key, "attributes": own})
    await start(client, "plain")
    assert ids(await client.get("/v1/sagas", params={"attribute": wanted})) == found


async def test_list_by_attributes_in_pages(client: httpx.AsyncClient) -> None:
    """The address of the next page asks for the same ones."""
    for key in "abc":
        await client.post("/v1/sagas", json={"definition": "sell", "key": key, "attributes": {"x": "y z", "n": key}})
    first = await client.get("/v1/sagas", params={"attribute": ["x:y z", "amount:121"], "limit": 2})
    second = await client.get(first.json()["next"])
    assert [ids(first), ids(second)] == [["c", "b"], ["a"]]


@pytest.mark.parametrize(
    "wanted", [["customer"], ["Customer:1"], ["a:1", "a:2"], [f"a{n}:1" for n in range(6)], ["a:x\x00"]]
)
async def test_list_by_no_attribute(client: httpx.AsyncClient, wanted: list[str]) -> None:
    """A sentence says how to write one."""
    body = problem(await client.get("/v1/sagas", params={"attribute": wanted}), 422, "invalid_request")
    assert body["errors"][0]["parameter"].startswith("attribute")


async def test_list_filters(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Definition and status narrow the list."""
    await start(client, "a", "b")
    await client.post("/v1/sagas", json={"definition": "tidy", "key": "c"})
    await sagas.answer("make_tea:a", 1, Success(msgspec.Raw(b'"hot"')))
    assert ids(await client.get("/v1/sagas?status=completed")) == ["c", "a"]
    assert ids(await client.get("/v1/sagas?status=completed&definition=make_tea")) == ["a"]
    assert ids(await client.get("/v1/sagas?definition=gone")) == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("status=done", "status"),
        ("definition=A%20b", "definition"),
        ("cursor=abc", "cursor"),
        ("cursor=%F0%9F%8D%B5", "cursor"),
        ("cursor=WzksIlx1MDAwMCJd", "cursor"),
        ("cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTksImEiXQ", "cursor"),
        ("statuss=running", "statuss"),
    ],
)
async def test_list_refuses(client: httpx.AsyncClient, query: str, parameter: str) -> None:
    """A parameter that does not fit, or that there is none of, is named."""
    body = problem(await client.get(f"/v1/sagas?{query}"), 422, "invalid_request")
    assert [error["parameter"] for error in body["errors"]] == [parameter]


async def test_history(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """The history has a row for each activation, with its events."""
    await start(client, "a")
    await sagas.answer("make_tea:a", 1, Success(msgspec.Raw(b'"hot"')))
    body = (await client.get("/v1/sagas/make_tea:a/history")).json()
    assert [[event["type"] for event in row["events"]] for row in body["rows"]] == [
        ["saga_started", "step_issued"],
        ["step_succeeded", "saga_completed"],
    ]
    assert [row["seq"] for row in body["rows"]] == [1, 2]
    assert body["next"] is None


async def test_history_pages(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Following `next` shows each row once."""
    await start(client, "a")
    await sagas.answer("make_tea:a", 1, Success(msgspec.Raw(b'"hot"')))
    first = (await client.get("/v1/sagas/make_tea:a/history?limit=1")).json()
    second = (await client.get(first["next"])).json()
    assert [row["seq"] for row in first["rows"] + second["rows"]] == [1, 2]
    assert second["next"] is None


@pytest.mark.parametrize("path", ["/v1/sagas", "/v1/sagas/make_tea:a", "/v1/sagas/make_tea:a/history"])
async def test_store_unavailable(client: httpx.AsyncClient, sagas: SagasInMemory, path: str) -> None:
    """Without Postgres there is nothing to look at, for now."""
    sagas.refuses_with = StoreUnavailable()
    problem(await client.get(path), 503, "store_unavailable")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v2/sagas", 404, "not_found"),
        ("GET", "/v1/sagas/", 404, "not_found"),
        ("DELETE", "/v1/sagas", 405, "wrong_method"),
        ("PUT", "/v1/sagas/a:b", 405, "wrong_method"),
    ],
)
async def test_no_such_address(client: httpx.AsyncClient, method: str, path: str, status: int, code: str) -> None:
    """A wrong address or method is a problem like any other."""
    problem(await client.request(method, path), status, code)


async def test_definitions(client: httpx.AsyncClient) -> None:
    """Each definition tells its versions, whom it calls and the schema of its input."""
    body: dict[str, Any] = (await client.get("/v1/definitions")).json()
    tea, *_, tidy = body["definitions"]
    assert (tea["name"], tea["version"], tea["versions"]) == ("make_tea", 2, [1, 2])
    assert tea["participants"] == ["kitchen"]
    assert tea["key"] == "{tea.kind}"
    assert tea["input"]["$defs"]["Tea"]["required"] == ["kind"]
    assert (tidy["name"], tidy["key"], tidy["input"]) == ("tidy", None, {"type": "null"})


async def test_definition(client: httpx.AsyncClient) -> None:
    """One definition is found by its name."""
    assert (await client.get("/v1/definitions/tidy")).json()["name"] == "tidy"
    problem(await client.get("/v1/definitions/fly"), 404, "unknown_definition")
