"""A saga's history as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
import msgspec
import pytest

from contracts.answers import Success
from coordinator.api.parts import Parts
from coordinator.api.routes.events import _stream  # pyright: ignore[reportPrivateUsage]
from coordinator.engine.facts import Start
from tests.unit.api.definitions import make_tea
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem

SAGA = "make_tea:a"
DONE = Success(msgspec.Raw(b'"hot"'))


@pytest.fixture(autouse=True)
async def running_saga(sagas: SagasInMemory) -> None:
    """A saga that waits for its only step."""
    await sagas.submit(SAGA, Start(make_tea.name, make_tea.version, msgspec.Raw(b'{"kind":"a"}')))


def events(text: str) -> list[dict[str, Any]]:
    """The events of a stream, each with its fields."""
    blocks = [block for block in text.split("\n\n") if block]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


async def test_ended_saga(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Every row comes as an event with its seq as id; then the end comes with the saga, and the stream is over."""
    await sagas.answer(SAGA, 1, DONE)
    answer = await client.get(f"/v1/sagas/{SAGA}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    seen = events(answer.text)
    assert [(event["event"], event["id"]) for event in seen] == [("history", "1"), ("history", "2"), ("end", "2")]
    assert msgspec.json.decode(seen[-1]["data"])["status"] == "completed"


async def test_goes_on_behind_the_last_event(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Who connects again with Last-Event-ID gets what came after it."""
    await sagas.answer(SAGA, 1, DONE)
    answer = await client.get(f"/v1/sagas/{SAGA}/events", headers={"Last-Event-ID": "1"})
    assert [event["id"] for event in events(answer.text)] == ["2", "2"]


async def test_nothing_more_to_come(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Who has seen the end is told not to connect again."""
    await sagas.answer(SAGA, 1, DONE)
    answer = await client.get(f"/v1/sagas/{SAGA}/events", headers={"Last-Event-ID": "2"})
    assert answer.status_code == 204


@pytest.mark.parametrize("last", ["-1", "a", "99999999999", "١"])
async def test_wrong_last_event(client: httpx.AsyncClient, last: str) -> None:
    """An id that this stream never gave is refused."""
    answer = await client.get(f"/v1/sagas/{SAGA}/events", headers={"Last-Event-ID": last.encode()})
    problem(answer, 422, "invalid_request")


async def test_comes_as_it_happens(parts: Parts, sagas: SagasInMemory) -> None:
    """What is decided while somebody watches is seen at once."""
    stream: AsyncIterator[bytes] = _stream(parts, SAGA, 0)
    async with asyncio.timeout(5), aclosing(stream):
        assert b"saga_started" in await anext(stream)
        waiting = asyncio.ensure_future(anext(stream))
        await sagas.answer(SAGA, 1, DONE)
        assert b"step_succeeded" in await waiting
        assert (await anext(stream)).startswith(b"event: end")


async def test_lets_go_when_the_coordinator_stops(client: httpx.AsyncClient, parts: Parts) -> None:
    """A stream does not keep a coordinator from stopping."""
    parts.stopping.set()
    async with asyncio.timeout(5):
        answer = await client.get(f"/v1/sagas/{SAGA}/events")
    assert answer.text == ""
