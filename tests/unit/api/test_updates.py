"""Updates and queries over HTTP."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from contracts.answers import Refusal, Success
from contracts.failures import Problem
from coordinator.api.parts import Parts
from coordinator.engine.facts import Signal, Start
from tests.unit.api.definitions import pour
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem
from tests.unit.api.test_waiting import client_of

SAGA = "pour:a"
WISH = f"/v1/sagas/{SAGA}/updates/wish"
HOT = Success(msgspec.Raw(b'"hot"'))


@pytest.fixture(autouse=True)
async def pouring_saga(sagas: SagasInMemory) -> None:
    """A saga that takes updates."""
    await sagas.submit(SAGA, Start(pour.name, pour.version, msgspec.Raw(b"null")))
    sagas.got_a_fact.clear()


async def asking(client: httpx.AsyncClient, sagas: SagasInMemory, **headers: str) -> "asyncio.Task[httpx.Response]":
    """The request is under way, and the saga has the update."""
    sagas.got_a_fact.clear()
    asked = asyncio.ensure_future(client.post(WISH, json={"guest": "Ada", "cups": 2}, headers=headers))
    await sagas.got_a_fact.wait()
    return asked


async def test_an_update_is_answered(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Whoever asks hears what the handler returned, and can read it again."""
    asked = await asking(client, sagas, **{"Idempotency-Key": "w/1", "Prefer": "wait=10"})
    await sagas.answer(SAGA, 1, HOT)
    answer = await asked
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["status"], body["answer"], body["id"], body["problem"]) == ("answered", "Ada: hot", "w/1", None)
    assert answer.headers["location"] == body["href"]
    assert (await client.get(body["href"])).json() == body


async def test_asked_twice_with_one_id(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Both hear the same, the second at once."""
    asked = await asking(client, sagas, **{"Idempotency-Key": "w-1", "Prefer": "wait=10"})
    again = await asking(client, sagas, **{"Idempotency-Key": "w-1", "Prefer": "wait=10"})
    await sagas.answer(SAGA, 1, HOT)
    first, second = await asked, await again
    late = await client.post(WISH, json={"guest": "Ada", "cups": 2}, headers={"Idempotency-Key": "w-1"})
    assert first.json() == second.json() == late.json()
    assert str((await client.get(f"/v1/sagas/{SAGA}/history")).json()).count("update_accepted") == 1


@pytest.mark.parametrize("id", [".", ".."])
async def test_an_id_that_no_address_can_have(client: httpx.AsyncClient, sagas: SagasInMemory, id: str) -> None:
    """Clients would take such a segment out of the update's address, and read something else. A signal has none."""
    answer = await client.post(WISH, json={"guest": "Ada"}, headers={"Idempotency-Key": id})
    assert "address" in problem(answer, 422, "invalid_key")["detail"]
    assert "update_accepted" not in (await client.get(f"/v1/sagas/{SAGA}/history")).text
    closed = await client.post(f"/v1/sagas/{SAGA}/signals/close", headers={"Idempotency-Key": id})
    assert closed.status_code == 202


async def test_a_preference_that_was_applied(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """It is named where there was one (RFC 7240)."""
    for prefer, applied in ({}, None), ({"Prefer": "respond-async"}, None), ({"Prefer": "wait=9"}, "wait=9"):
        asked = await asking(client, sagas, **prefer)
        await sagas.answer(SAGA, len(sagas.rows[SAGA]) // 2, HOT)
        answer = await asked
        assert (answer.status_code, answer.headers.get("preference-applied")) == (200, applied)


async def test_not_answered_in_time(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """It is taken in, and its address tells later."""
    answer = await client.post(WISH, json={"guest": "Ada"}, headers={"Prefer": "wait=0"})
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    href = answer.json()["href"]
    assert (await client.get(href)).json()["status"] == "accepted"
    waiting = asyncio.ensure_future(client.get(href, headers={"Prefer": "wait=10"}))
    await asyncio.sleep(0)
    await sagas.answer(SAGA, 1, HOT)
    assert (await waiting).json()["answer"] == "Ada: hot"


@pytest.mark.parametrize("owns", [True, False])
async def test_answered_elsewhere(
    parts: Parts, sagas: SagasInMemory, monkeypatch: pytest.MonkeyPatch, owns: bool
) -> None:
    """An answer that nobody tells of here is found in the history."""
    monkeypatch.setattr("coordinator.api.waiting._FIRST_LOOK_AT_OURS_S", 0.01)
    deaf = replace(parts, watch=_Deaf(), owns=lambda saga_id: owns)
    async with asyncio.timeout(20), client_of(deaf) as client:
        asked = await asking(client, sagas, Prefer="wait=10")
        await sagas.answer(SAGA, 1, HOT)
        assert (await asked).json()["answer"] == "Ada: hot"


class _Deaf:
    def watch(self, saga_id: str, watcher: object) -> Any:
        return lambda: None


async def test_refused_by_the_check(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """A conflict with the saga's own reason; nothing of it is kept."""
    found = problem(await client.post(WISH, json={"guest": "Ada", "cups": 10}), 409, "update_refused")
    assert found["detail"] == "The saga refuses the update: too_much: Nine cups at most."
    assert found["refusal"] == {"type": "too_much", "message": "Nine cups at most.", "details": {"most": 9}}
    assert len(await sagas.history(SAGA)) == 1


async def test_refused_by_the_handler(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """The same, but it is kept: its address says so."""
    asked = await asking(client, sagas, **{"Idempotency-Key": "w-1", "Prefer": "wait=10"})
    await sagas.answer(SAGA, 1, Refusal(Problem("no_water")))
    assert problem(await asked, 409, "update_refused")["refusal"] == {"type": "no_water"}
    kept = (await client.get(f"{WISH}/w-1")).json()
    assert (kept["status"], kept["problem"]) == ("refused", {"type": "no_water"})


@pytest.mark.parametrize("way", ["cancel", "terminate"])
async def test_the_saga_ends_before_it_answers(client: httpx.AsyncClient, sagas: SagasInMemory, way: str) -> None:
    """Whoever waits is told why there will be no answer."""
    asked = await asking(client, sagas, **{"Idempotency-Key": "w-1", "Prefer": "wait=10"})
    await client.post(f"/v1/sagas/{SAGA}/{way}", json={"reason": "closed"})
    assert "closed" in problem(await asked, 409, "saga_conflict")["detail"]
    assert (await client.get(f"{WISH}/w-1")).json()["status"] == "lost"
    again = await client.post(WISH, json={"guest": "Bob"}, headers={"Idempotency-Key": "w-2"})
    problem(again, 409, "saga_conflict")


async def test_what_does_not_fit(client: httpx.AsyncClient) -> None:
    """The saga, the name, the value, the id."""
    found = problem(await client.post(WISH, json={"guest": "Ada", "cups": "two"}), 422, "invalid_update")
    assert found["errors"] == [{"detail": "Expected `int`, got `str`.", "pointer": "/cups"}]
    found = problem(await client.post(f"/v1/sagas/{SAGA}/updates/wishes", json={}), 404, "unknown_update")
    assert found["detail"] == "pour version 1 takes no update 'wishes': did you mean wish?"
    problem(await client.post("/v1/sagas/pour:none/updates/wish", json={"guest": "Ada"}), 404, "unknown_saga")
    problem(await client.post("/v1/sagas/a%00b/updates/wish", json={"guest": "Ada"}), 404, "unknown_saga")
    problem(await client.post(WISH, json={"guest": "A"}, headers={"Idempotency-Key": "x" * 201}), 422, "invalid_key")
    problem(await client.get(f"{WISH}/nobody"), 404, "unknown_update")


def started(key: str, id: str, cups: int = 1) -> dict[str, Any]:
    update = {"name": "wish", "value": {"guest": "Ada", "cups": cups}, "id": id}
    return {"definition": "pour", "key": key, "update": update}


async def test_a_start_with_an_update(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """It is answered as the update is, whether the saga begins or is there."""
    first = await client.post("/v1/sagas", json=started("b", "one"), headers={"Prefer": "wait=0"})
    assert (first.status_code, first.json()["saga"], first.json()["status"]) == (202, "pour:b", "accepted")
    await sagas.answer("pour:b", 1, HOT)
    again = await client.post("/v1/sagas", json=started("b", "one"))
    assert (again.status_code, again.json()["answer"]) == (200, "Ada: hot")
    other = await client.post("/v1/sagas", json=started("b", "two"), headers={"Prefer": "wait=0"})
    assert (other.status_code, other.json()["status"]) == (202, "accepted")
    assert str((await client.get("/v1/sagas/pour:b/history")).json()).count("saga_started") == 1


async def test_a_start_whose_update_is_refused(client: httpx.AsyncClient) -> None:
    """Nothing is started."""
    problem(await client.post("/v1/sagas", json=started("b", "one", cups=10)), 409, "update_refused")
    wrong: Any = {**started("b", "one"), "update": {"name": "wish", "value": {"guest": 7}}}
    found = problem(await client.post("/v1/sagas", json=wrong), 422, "invalid_update")
    assert found["errors"] == [{"detail": "Expected `str`, got `int`.", "pointer": "/update/value/guest"}]
    both = {**started("b", "one"), "signal": {"name": "close"}}
    problem(await client.post("/v1/sagas", json=both), 422, "invalid_request")
    problem(await client.get("/v1/sagas/pour:b"), 404, "unknown_saga")


async def test_updates_of_a_batch(client: httpx.AsyncClient) -> None:
    """Each start may bring its own; their answers are at their addresses."""
    starts = [started("c", "one"), started("c", "two"), started("d", "one", cups=10)]
    answers = (await client.post("/v1/sagas:batch", json={"starts": starts})).json()["answers"]
    assert [answer["outcome"] for answer in answers] == ["started", "existing", "refused"]
    assert (await client.get("/v1/sagas/pour:c/updates/wish/two")).json()["status"] == "accepted"


# --- queries

CUPS = f"/v1/sagas/{SAGA}/queries/cups"


async def test_a_query_is_answered(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """As the saga stands, and after its end."""
    assert (await client.post(CUPS)).json() == {"answer": 0}
    await client.post(WISH, json={"guest": "Ada", "cups": 2}, headers={"Prefer": "wait=0"})
    await sagas.answer(SAGA, 1, HOT)
    assert (await client.post(CUPS)).json() == {"answer": 2}
    await sagas.submit(SAGA, Signal("close", "c-1", msgspec.Raw(b"null")))
    assert (await client.get(f"/v1/sagas/{SAGA}")).json()["status"] == "completed"
    rows = len(await sagas.history(SAGA))
    assert (await client.post(CUPS)).json() == {"answer": 2}
    assert len(await sagas.history(SAGA)) == rows


async def test_a_query_that_is_none(client: httpx.AsyncClient) -> None:
    """An unknown name, a question that does not fit, no saga."""
    found = problem(await client.post(f"/v1/sagas/{SAGA}/queries/cup"), 404, "unknown_query")
    assert found["detail"] == "pour version 1 answers no query 'cup': did you mean cups?"
    problem(await client.post(CUPS, json=7), 422, "invalid_query")
    problem(await client.post("/v1/sagas/pour:none/queries/cups"), 404, "unknown_saga")


async def test_the_definition_shows_what_it_answers(client: httpx.AsyncClient) -> None:
    """With the JSON Schemas of both sides."""
    shown = (await client.get("/v1/definitions/pour")).json()
    assert shown["updates"]["wish"]["answer"] == {"type": "string"}
    assert shown["queries"]["cups"] == {"request": {"type": "null"}, "answer": {"type": "integer"}}
