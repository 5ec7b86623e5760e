"""Cancelling and resuming over HTTP."""

import httpx
import msgspec
import pytest

from contracts.answers import Success
from coordinator.engine.facts import Cancel, Start
from coordinator.runtime.ports import StoreUnavailable
from tests.unit.api.definitions import make_tea
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem

SAGA = "make_tea:a"


@pytest.fixture(autouse=True)
async def running_saga(sagas: SagasInMemory) -> None:
    """A saga that waits for its only step."""
    await sagas.submit(SAGA, Start(make_tea.name, make_tea.version, msgspec.Raw(b'{"kind":"a"}')))


async def test_cancel(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """A running saga is undone; the answer has it as it is then."""
    answer = await client.post(f"/v1/sagas/{SAGA}/cancel", json={"reason": "no water"})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/sagas/{SAGA}"
    assert answer.json()["status"] == "compensating"
    assert sagas.submitted[-1] == (SAGA, Cancel("no water"))


async def test_cancel_without_a_reason(client: httpx.AsyncClient) -> None:
    """A reason is welcome, but not needed."""
    assert (await client.post(f"/v1/sagas/{SAGA}/cancel")).status_code == 202


async def test_cancel_twice(client: httpx.AsyncClient) -> None:
    """Asking again changes nothing and is no error."""
    await client.post(f"/v1/sagas/{SAGA}/cancel")
    assert (await client.post(f"/v1/sagas/{SAGA}/cancel")).status_code == 202


async def test_cancel_an_ended_saga(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """What has ended cannot be cancelled."""
    await sagas.answer(SAGA, 1, Success(msgspec.Raw(b'"hot"')))
    problem(await client.post(f"/v1/sagas/{SAGA}/cancel"), 409, "saga_conflict")


ACTS = [
    "cancel",
    "pause",
    "resume",
    "terminate",
    "steps/1/retry",
    "steps/1/result",
    "steps/1/undo/retry",
    "steps/1/undo/confirm",
    "steps/1/undo/skip",
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("saga_id", ["make_tea:none", "a%00b"])
async def test_unknown_saga(client: httpx.AsyncClient, act: str, saga_id: str) -> None:
    """There has to be a saga."""
    body = {"reason": "why", **({"result": 1} if act.endswith("result") else {})}
    problem(await client.post(f"/v1/sagas/{saga_id}/{act}", json=body), 404, "unknown_saga")


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "broken_json"),
        (b"{}", "text/plain", 415, "wrong_content_type"),
        (b'{"reason": 1}', "application/json", 422, "invalid_request"),
        (b'{"reason": "' + b"a" * 1_000_000 + b'"}', "application/json", 413, "body_too_large"),
    ],
)
async def test_cancel_refused(
    client: httpx.AsyncClient, sagas: SagasInMemory, content: bytes, content_type: str, status: int, code: str
) -> None:
    """A body that does not fit is refused, and the saga goes on."""
    answer = await client.post(f"/v1/sagas/{SAGA}/cancel", content=content, headers={"Content-Type": content_type})
    problem(answer, status, code)
    assert len(sagas.submitted) == 1


async def test_resume_a_saga_that_is_not_parked(client: httpx.AsyncClient) -> None:
    """Only a parked saga can be resumed."""
    problem(await client.post(f"/v1/sagas/{SAGA}/resume"), 409, "saga_conflict")


async def test_store_unavailable(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Without Postgres nothing is accepted."""
    sagas.refuses_with = StoreUnavailable()
    problem(await client.post(f"/v1/sagas/{SAGA}/cancel"), 503, "store_unavailable")
