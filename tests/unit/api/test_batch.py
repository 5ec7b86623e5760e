"""POST /v1/sagas:batch: many starts, each with an answer of its own."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from coordinator.api import batch
from coordinator.api.app import build_app
from coordinator.api.parts import Limits, Parts
from coordinator.engine.facts import Fact, Ignored, Start, Verdict
from coordinator.runtime.intake import Overloaded
from coordinator.runtime.ports import OutcomeUnknown, StoreUnavailable
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem

JSON = {"Content-Type": "application/json"}


def tea(kind: object, **more: object) -> dict[str, Any]:
    """A start."""
    return {"definition": "make_tea", "input": {"kind": kind}, **more}


async def send(client: httpx.AsyncClient, *starts: Any) -> dict[str, Any]:
    """The answer to a batch that is not refused as a whole."""
    answer = await client.post("/v1/sagas:batch", json={"starts": starts})
    assert answer.status_code == 200, answer.text
    return answer.json()


class Choosy(SagasInMemory):
    """Refuses some sagas, and says how many starts waited at once."""

    refused: dict[str, Exception | Verdict]
    waiting = 0
    most = 0

    async def submit(self, saga_id: str, fact: Fact) -> Verdict:
        """See FactIntake."""
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        match self.refused.get(saga_id):
            case None:
                return await super().submit(saga_id, fact)
            case Exception() as error:
                raise error
            case verdict:
                return verdict


@pytest.fixture
def choosy(parts: Parts) -> Choosy:
    """An intake that refuses nothing yet."""
    choosy = Choosy(parts.definitions)
    choosy.refused = {}
    return choosy


@pytest.fixture
def choosy_client(parts: Parts, choosy: Choosy) -> httpx.AsyncClient:
    """A client of it."""
    app = build_app(replace(parts, intake=choosy, sagas=choosy))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://coordinator")


async def test_started(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Each is started as it would have been by itself, in the trace of the request."""
    header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    starts = {"starts": [tea("a"), tea("b", version=1, key="mine"), {"definition": "tidy", "key": "today"}]}
    answer = (await client.post("/v1/sagas:batch", json=starts, headers={"traceparent": header})).json()
    assert (answer["started"], answer["existing"], answer["refused"], answer["retry_after_s"]) == (3, 0, 0, None)
    assert [one["saga"]["id"] for one in answer["answers"]] == ["make_tea:a", "make_tea:mine", "tidy:today"]
    assert answer["answers"][1] == {
        "outcome": "started",
        "saga": {
            "id": "make_tea:mine",
            "definition": "make_tea",
            "version": 1,
            "status": "running",
            "href": "/v1/sagas/make_tea:mine",
        },
    }
    facts = [fact for _, fact in sagas.submitted]
    assert [fact.traceparent for fact in facts if isinstance(fact, Start)] == [header] * 3


async def test_sent_again(client: httpx.AsyncClient) -> None:
    """The same batch again finds what it has started; one start twice in a batch is one saga."""
    starts = [tea("a"), tea("b"), tea("a")]
    first, again = await send(client, *starts), await send(client, *starts)
    assert [one["outcome"] for one in first["answers"]] == ["started", "started", "existing"]
    assert (again["started"], again["existing"]) == (0, 3)
    assert [one["saga"] for one in again["answers"]] == [one["saga"] for one in first["answers"]]


@pytest.mark.parametrize(
    ("start", "status", "code", "pointers"),
    [
        (tea(1), 422, "invalid_input", ["/starts/1/input/kind"]),
        (tea("a b"), 422, "invalid_key", ["/starts/1/input"]),
        (tea("c", key="a b"), 422, "invalid_key", ["/starts/1/key"]),
        (tea("c", version=7), 404, "unknown_definition", ["/starts/1/version"]),
        ({"definition": "make_coffee"}, 404, "unknown_definition", ["/starts/1/definition"]),
        ({"inputs": {}}, 422, "invalid_request", ["/starts/1/inputs"]),
        ([], 422, "invalid_request", ["/starts/1"]),
        (tea("x" * 600_000), 413, "value_too_large", ["/starts/1/input"]),
        ({**tea("a"), "input": {"kind": "a", "sugar": 2}}, 409, "input_conflict", []),
    ],
)
async def test_refused_alone(
    client: httpx.AsyncClient, start: Any, status: int, code: str, pointers: list[str]
) -> None:
    """One that does not fit is refused with its problem, which points into the batch; the others are started."""
    answer = await send(client, tea("a"), start, tea("b"))
    assert [one["outcome"] for one in answer["answers"]] == ["started", "refused", "started"]
    problem = answer["answers"][1]["problem"]
    assert (problem["status"], problem["code"]) == (status, code)
    assert [error["pointer"] for error in problem.get("errors", [])] == pointers
    assert (answer["refused"], answer["retry_after_s"]) == (1, None)


@pytest.mark.parametrize(
    ("refusal", "status", "code", "retry_after_s"),
    [
        (Overloaded("Too much is waiting.", 2.5), 429, "overloaded", 3),
        (StoreUnavailable(), 503, "store_unavailable", 1),
        (OutcomeUnknown(), 503, "outcome_unknown", 1),
        (RuntimeError("a secret"), 500, "internal", None),
        (Ignored("It was given up after 3 attempts: a secret"), 500, "internal", None),
    ],
    ids=repr,
)
async def test_refused_for_now(
    choosy: Choosy,
    choosy_client: httpx.AsyncClient,
    refusal: Exception | Verdict,
    status: int,
    code: str,
    retry_after_s: int | None,
) -> None:
    """What cannot be taken in is answered by itself, with when to send it again; then only it is started."""
    choosy.refused = {"make_tea:b": refusal}
    answer = await send(choosy_client, tea("a"), tea("b"), tea("c"))
    assert [one["outcome"] for one in answer["answers"]] == ["started", "refused", "started"]
    problem = answer["answers"][1]["problem"]
    assert (problem["status"], problem["code"], answer["retry_after_s"]) == (status, code, retry_after_s)
    assert "secret" not in json.dumps(answer)
    choosy.refused = {}
    again = await send(choosy_client, tea("a"), tea("b"), tea("c"))
    assert [one["outcome"] for one in again["answers"]] == ["existing", "started", "existing"]


async def test_a_single_start_that_is_given_up(choosy: Choosy, choosy_client: httpx.AsyncClient) -> None:
    """A start that the engine gave up is not answered as if there were a saga."""
    choosy.refused = {"make_tea:a": Ignored("It was given up.")}
    problem(await choosy_client.post("/v1/sagas", json=tea("a")), 500, "internal")


async def test_waits_by_the_thousand(choosy: Choosy, choosy_client: httpx.AsyncClient) -> None:
    """A large batch does not fill the intake: the next ones are handed in as the first ones are kept."""
    answer = await send(choosy_client, *(tea(f"{number}") for number in range(3_000)))
    assert answer["started"] == 3_000
    assert [one["saga"]["id"] for one in answer["answers"][::1_000]] == ["make_tea:0", "make_tea:1000", "make_tea:2000"]
    assert choosy.most <= batch.AT_ONCE


async def test_gives_the_event_loop_back(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others go on while many starts are checked, also if none of them has anything to wait for."""
    monkeypatch.setattr(batch, "AT_ONCE", 1)
    monkeypatch.setattr(batch, "_SLICE_S", 0)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    going_on = asyncio.create_task(others())
    assert (await send(client, *([{}] * 300)))["refused"] == 300
    going_on.cancel()
    assert turns >= 300


async def test_nothing_to_start(client: httpx.AsyncClient) -> None:
    """An empty batch is no mistake."""
    assert await send(client) == {"started": 0, "existing": 0, "refused": 0, "retry_after_s": None, "answers": []}


async def test_too_many(parts: Parts) -> None:
    """More starts than a batch may have are refused as a whole: nothing is started."""
    app = build_app(replace(parts, limits=Limits(batch_starts=2)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://coordinator") as client:
        answer = await client.post("/v1/sagas:batch", json={"starts": [tea("a")] * 3})
        assert "3 starts, and one may have 2" in problem(answer, 413, "batch_too_large")["detail"]
        assert (await client.get("/v1/sagas")).json()["sagas"] == []


async def test_too_large(parts: Parts) -> None:
    """The body has a limit of its own, beyond that of others."""
    app = build_app(replace(parts, limits=Limits(body_bytes=10, batch_bytes=1_000)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://coordinator") as client:
        assert (await send(client, tea("a")))["started"] == 1
        answer = await client.post("/v1/sagas:batch", json={"starts": [tea("a" * 1_000)]})
        assert "1,000 bytes: send the batch in several" in problem(answer, 413, "body_too_large")["detail"]


@pytest.mark.parametrize(
    ("content", "status", "code", "pointers"),
    [
        (b"", 400, "broken_json", []),
        (b'{"starts":[{]}', 400, "broken_json", []),
        (b"[]", 422, "invalid_request", [""]),
        (b"{}", 422, "invalid_request", ["/starts"]),
        (b'{"starts":{}}', 422, "invalid_request", ["/starts"]),
        (b'{"starts":[],"sagas":[]}', 422, "invalid_request", ["/sagas"]),
    ],
)
async def test_malformed(
    client: httpx.AsyncClient, content: bytes, status: int, code: str, pointers: list[str]
) -> None:
    """What is no batch is refused as a whole."""
    body = problem(await client.post("/v1/sagas:batch", content=content, headers=JSON), status, code)
    assert [error["pointer"] for error in body.get("errors", [])] == pointers
