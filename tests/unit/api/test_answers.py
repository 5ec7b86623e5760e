"""Answering a command by its id over HTTP."""

from typing import Any

import httpx
import msgspec
import pytest

from contracts import Problem
from contracts.answers import Answer, Failure, Progress, Refusal, Success
from coordinator.engine.facts import Reply, Start
from tests.unit.api.definitions import make_tea
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem

SAGA = "make_tea:a"
COMMAND = f"/v1/commands/{SAGA}:1/answer"


@pytest.fixture(autouse=True)
async def running_saga(sagas: SagasInMemory) -> None:
    """A saga that waits for its only step."""
    await sagas.submit(SAGA, Start(make_tea.name, make_tea.version, msgspec.Raw(b'{"kind":"a"}')))


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"succeeded": "hot"}, Success(msgspec.Raw(b'"hot"'))),
        ({"refused": {"type": "no_water"}}, Refusal(Problem("no_water"))),
        ({"failed": {"type": "cold", "retryable": True}}, Failure(Problem("cold", retryable=True))),
        ({"progress": {"degrees": 70}}, Progress(msgspec.Raw(b'{"degrees":70}'))),
    ],
)
async def test_it_is_answered(client: httpx.AsyncClient, sagas: SagasInMemory, body: Any, answer: Answer) -> None:
    """To the attempt that is out; the saga is shown as it is then."""
    answered = await client.post(COMMAND, json=body)
    assert (answered.status_code, answered.headers["Location"]) == (202, f"/v1/sagas/{SAGA}")
    assert sagas.submitted[-1] == (SAGA, Reply(f"{SAGA}:1", 0, answer))


async def test_sent_again(client: httpx.AsyncClient) -> None:
    """The same is known; another contradicts it."""
    for _ in range(2):
        answered = await client.post(COMMAND, json={"succeeded": "hot"})
        assert (answered.status_code, answered.json()["outcome"]) == (202, {"result": "hot"})
    problem(await client.post(COMMAND, json={"refused": {"type": "no_water"}}), 409, "saga_conflict")


async def test_a_result_that_does_not_fit(client: httpx.AsyncClient) -> None:
    """It is said what does not fit."""
    problem(await client.post(COMMAND, json={"succeeded": 7}), 422, "invalid_result")


@pytest.mark.parametrize("body", [{}, {"succeeded": "hot", "refused": {"type": "no"}}])
async def test_not_exactly_one(client: httpx.AsyncClient, body: Any) -> None:
    """Nobody could say which is meant."""
    found = problem(await client.post(COMMAND, json=body), 422, "invalid_request")
    assert "Give one of succeeded" in found["detail"]


async def test_no_commands_id(client: httpx.AsyncClient) -> None:
    """It says what one looks like; a saga that is not there is another thing."""
    found = problem(await client.post("/v1/commands/tea/answer", json={"succeeded": "hot"}), 404, "unknown_command")
    assert "expected" in found["detail"]
    problem(await client.post("/v1/commands/make_tea:none:1/answer", json={"succeeded": "x"}), 404, "unknown_saga")
