"""Signals over HTTP."""

import httpx
import msgspec
import pytest

from contracts.answers import Success
from coordinator.engine.facts import Signal, Start
from tests.unit.api.definitions import serve
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem

SAGA = "serve:a"
WISH = f"/v1/sagas/{SAGA}/signals/wish"


@pytest.fixture(autouse=True)
async def waiting_saga(sagas: SagasInMemory) -> None:
    """A saga that waits for a guest's wish."""
    await sagas.submit(SAGA, Start(serve.name, serve.version, msgspec.Raw(b"null")))


def received(sagas: SagasInMemory) -> list[Signal]:
    return [fact for _, fact in sagas.submitted if isinstance(fact, Signal)]


async def test_a_signal_moves_the_saga(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Its code has the value; the answer is the saga as it is then."""
    answer = await client.post(WISH, json={"guest": "Ada"}, headers={"Idempotency-Key": "w-1"})
    assert (answer.status_code, answer.headers["location"]) == (202, f"/v1/sagas/{SAGA}")
    assert answer.json()["status"] == "running"
    assert received(sagas) == [Signal("wish", "w-1", msgspec.Raw(b'{"guest":"Ada"}'))]
    await sagas.answer(SAGA, 1, Success(msgspec.Raw(b'"hot"')))
    assert (await client.get(f"/v1/sagas/{SAGA}")).json()["outcome"] == {"result": "Ada: hot"}


async def test_sent_twice_with_one_id(client: httpx.AsyncClient) -> None:
    """It is one signal, and both are answered alike."""
    for _ in range(2):
        answer = await client.post(WISH, json={"guest": "Ada"}, headers={"Idempotency-Key": '"w-1"'})
        assert answer.status_code == 202
    events = str((await client.get(f"/v1/sagas/{SAGA}/history")).json())
    assert events.count("signal_received") == 1


async def test_without_an_id_each_is_another(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Two equal wishes are two wishes."""
    for _ in range(2):
        assert (await client.post(WISH, json={"guest": "Ada"})).status_code == 202
    assert len({signal.id for signal in received(sagas)}) == 2


async def test_a_value_that_does_not_fit(client: httpx.AsyncClient) -> None:
    """The problem points at what does not fit."""
    answer = await client.post(WISH, json={"guest": "Ada", "cups": "two"})
    found = problem(answer, 422, "invalid_signal")
    assert found["detail"] == "The value does not fit the signal: Expected `int`, got `str`."
    assert found["errors"] == [{"detail": "Expected `int`, got `str`.", "pointer": "/cups"}]


async def test_no_value_is_null(client: httpx.AsyncClient) -> None:
    """Which does not fit a wish."""
    found = problem(await client.post(WISH), 422, "invalid_signal")
    assert "got `null`" in found["detail"]


async def test_a_signal_that_the_saga_does_not_take(client: httpx.AsyncClient) -> None:
    """The problem says which it takes."""
    found = problem(await client.post(f"/v1/sagas/{SAGA}/signals/wishes", json={}), 404, "unknown_signal")
    assert found["detail"] == "serve version 1 takes no signal 'wishes': did you mean wish?"


@pytest.mark.parametrize("saga_id", ["serve:none", "a%00b"])
async def test_an_unknown_saga(client: httpx.AsyncClient, saga_id: str) -> None:
    """There has to be a saga."""
    problem(await client.post(f"/v1/sagas/{saga_id}/signals/wish", json={"guest": "Ada"}), 404, "unknown_saga")


async def test_a_saga_that_goes_back(client: httpx.AsyncClient) -> None:
    """It takes no signals any more."""
    await client.post(f"/v1/sagas/{SAGA}/cancel")
    problem(await client.post(WISH, json={"guest": "Ada"}), 409, "saga_conflict")


@pytest.mark.parametrize(
    ("content", "content_type", "id", "status", "code"),
    [
        (b"{", "application/json", "x", 400, "broken_json"),
        (b'{"guest": "\\u0000"}', "application/json", "x", 400, "broken_json"),
        (b"{}", "text/plain", "x", 415, "wrong_content_type"),
        (b'"' + b"a" * 300_000 + b'"', "application/json", "x", 413, "value_too_large"),
        (b'"' + b"a" * 1_000_000 + b'"', "application/json", "x", 413, "body_too_large"),
        (b'{"guest": "Ada"}', "application/json", "x" * 201, 422, "invalid_key"),
    ],
)
async def test_refused(
    client: httpx.AsyncClient,
    sagas: SagasInMemory,
    content: bytes,
    content_type: str,
    id: str,
    status: int,
    code: str,
) -> None:
    """What cannot be kept is refused, and the saga goes on waiting."""
    headers = {"Content-Type": content_type, "Idempotency-Key": id}
    problem(await client.post(WISH, content=content, headers=headers), status, code)
    rows = await sagas.history(SAGA)
    assert len(rows) == 1


async def test_the_definition_shows_its_signals(client: httpx.AsyncClient) -> None:
    """With the JSON Schema of each, so that a form can be made of it."""
    shown = (await client.get("/v1/definitions/serve")).json()
    assert list(shown["signals"]) == ["wish"]
    assert shown["signals"]["wish"]["$defs"]["Wish"]["required"] == ["guest"]


def started(key: str, id: str | None, guest: object = "Ada") -> dict[str, object]:
    signal = {"name": "wish", "value": {"guest": guest}, **({} if id is None else {"id": id})}
    return {"definition": "serve", "key": key, "signal": signal}


async def test_a_start_with_a_signal(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """The saga begins with it; the next start with one is a signal to the same saga."""
    first = await client.post("/v1/sagas", json=started("b", "one"))
    again = await client.post("/v1/sagas", json=started("b", "one"))
    other = await client.post("/v1/sagas", json=started("b", "two"))
    assert [answer.status_code for answer in (first, again, other)] == [202, 202, 202]
    history = str((await client.get("/v1/sagas/serve:b/history")).json())
    assert history.count("signal_received") == 2


async def test_a_start_with_a_signal_refused(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Nothing is started; once it has ended, there is a conflict that is not about the input."""
    found = problem(await client.post("/v1/sagas", json=started("b", "one", guest=7)), 422, "invalid_signal")
    assert found["errors"] == [{"detail": "Expected `str`, got `int`.", "pointer": "/signal/value/guest"}]
    problem(await client.get("/v1/sagas/serve:b"), 404, "unknown_saga")
    assert (await client.post("/v1/sagas", json=started("b", "one"))).status_code == 202
    await sagas.answer("serve:b", 1, Success(msgspec.Raw(b'"hot"')))
    problem(await client.post("/v1/sagas", json=started("b", "two")), 409, "saga_conflict")


async def test_signals_of_a_batch(client: httpx.AsyncClient) -> None:
    """Each start may bring its own; what existed says so."""
    batch = {"starts": [started("c", "one"), started("c", None), {"definition": "serve", "key": "c"}]}
    answers = (await client.post("/v1/sagas:batch", json=batch)).json()["answers"]
    assert [answer["outcome"] for answer in answers] == ["started", "existing", "existing"]
