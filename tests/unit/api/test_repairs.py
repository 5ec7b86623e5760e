"""Seeing to one step over HTTP."""

from typing import Any

import httpx
import msgspec
import pytest

from coordinator.engine.facts import ConfirmUndo, GiveResult, RetryStep, SkipUndo, Start
from tests.unit.api.definitions import make_tea
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem

SAGA = "make_tea:a"
STEP = f"/v1/sagas/{SAGA}/steps/1"
WHY = {"reason": "seen"}


@pytest.fixture(autouse=True)
async def running_saga(sagas: SagasInMemory) -> None:
    """A saga that waits for its only step."""
    await sagas.submit(SAGA, Start(make_tea.name, make_tea.version, msgspec.Raw(b'{"kind":"a"}')))


async def test_a_step_is_tried_again(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """With or without a reason."""
    assert (await client.post(f"{STEP}/retry")).status_code == 202
    assert (await client.post(f"{STEP}/retry", json=WHY)).status_code == 202
    assert sagas.submitted[-1] == (SAGA, RetryStep(1, False, "seen"))


async def test_a_result_is_given(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """The saga goes on with it."""
    answer = await client.post(f"{STEP}/result", json={"result": "hot", **WHY})
    assert (answer.status_code, answer.json()["outcome"]) == (202, {"result": "hot"})
    assert sagas.submitted[-1] == (SAGA, GiveResult(1, msgspec.Raw(b'"hot"'), "seen"))


async def test_a_result_that_does_not_fit(client: httpx.AsyncClient) -> None:
    """The problem points into the result."""
    found = problem(await client.post(f"{STEP}/result", json={"result": 7, **WHY}), 422, "invalid_result")
    assert found["errors"] == [{"detail": "Expected `str`, got `int`.", "pointer": "/result"}]


@pytest.mark.parametrize(
    ("act", "fact", "status"),
    [
        ("retry", RetryStep(1, True, "seen"), "compensating"),
        ("confirm", ConfirmUndo(1, "seen"), "compensated"),
        ("skip", SkipUndo(1, "seen"), "partially_compensated"),
    ],
)
async def test_an_undo_is_seen_to(
    client: httpx.AsyncClient, sagas: SagasInMemory, act: str, fact: object, status: str
) -> None:
    """Tried again, done by hand, or decided against."""
    await client.post(f"/v1/sagas/{SAGA}/cancel")
    answer = await client.post(f"{STEP}/undo/{act}", json=WHY)
    assert (answer.status_code, answer.json()["status"]) == (202, status)
    assert sagas.submitted[-1] == (SAGA, fact)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (f"{STEP}/undo/skip", {}, 422, "invalid_request"),
        (f"{STEP}/undo/skip", {"reason": ""}, 422, "invalid_request"),
        (f"{STEP}/undo/skip", WHY, 409, "saga_conflict"),
        (f"{STEP}/result", WHY, 422, "invalid_request"),
        (f"{STEP}/result", {"result": "a" * 300_000, **WHY}, 413, "value_too_large"),
        (f"/v1/sagas/{SAGA}/steps/0/retry", WHY, 422, "invalid_request"),
        (f"/v1/sagas/{SAGA}/steps/9/retry", WHY, 409, "saga_conflict"),
        (f"/v1/sagas/{SAGA}/steps/one/retry", WHY, 422, "invalid_request"),
        (f"/v1/sagas/{SAGA}/terminate", {}, 422, "invalid_request"),
    ],
)
async def test_refused(client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, code: str) -> None:
    """What nobody can take back needs a reason, and a step there must be."""
    problem(await client.post(path, json=body), status, code)
