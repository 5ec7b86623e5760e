"""Prefer: wait=N: who waits is told by the coordinator that decides, and looks at the database only when it is not."""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import httpx
import msgspec
import pytest

from contracts.answers import Refusal, Success
from contracts.failures import Problem
from coordinator.api.app import build_app
from coordinator.api.parts import Parts, Stopping
from coordinator.api.waiting import Awaited, AwaitedSaga
from coordinator.engine.decision import Decision
from coordinator.runtime.ports import SagaView, StoreUnavailable
from tests.unit.api.sagas import SagasInMemory

TEA = {"definition": "make_tea", "input": {"kind": "oolong"}}
SAGA = "make_tea:oolong"
HEADER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
DONE = Success(msgspec.Raw(b'"hot"'))


class Deaf:
    """Sees nothing of what is decided, as a coordinator does when another one decides."""

    def watch(self, saga_id: str, watcher: Callable[[Decision], None]) -> Callable[[], None]:
        """Never calls it."""
        return lambda: None


def client_of(parts: Parts) -> httpx.AsyncClient:
    """A client of an application over these parts."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(build_app(parts)), base_url="http://coordinator")


async def wait_for_tea(client: httpx.AsyncClient, sagas: SagasInMemory) -> "asyncio.Task[httpx.Response]":
    """A request that waits for the end of a saga which has begun."""
    headers = {"Prefer": "wait=60", "traceparent": HEADER}
    waiting = asyncio.create_task(client.post("/v1/sagas", json=TEA, headers=headers))
    await sagas.got_a_fact.wait()
    return waiting


@pytest.mark.parametrize("answer", [DONE, Refusal(Problem("no_water", "No water."))])
async def test_told_here(
    client: httpx.AsyncClient, sagas: SagasInMemory, monkeypatch: pytest.MonkeyPatch, answer: Success | Refusal
) -> None:
    """The database is not asked, and the answer is the same to the byte."""
    asked: list[str] = []
    ask = sagas.saga

    async def counted(saga_id: str) -> SagaView | None:
        asked.append(saga_id)
        return await ask(saga_id)

    monkeypatch.setattr(sagas, "saga", counted)
    async with asyncio.timeout(5):
        waiting = await wait_for_tea(client, sagas)
        await sagas.answer(SAGA, 1, answer)
        ended = await waiting
    assert asked == []
    assert (ended.status_code, ended.content) == (200, (await client.get(f"/v1/sagas/{SAGA}")).content)


async def test_who_has_waited_is_gone(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """At once: thousands a second would else bring the collector, which halts everybody."""
    gc.disable()
    try:
        waiting = await wait_for_tea(client, sagas)
        await sagas.answer(SAGA, 1, DONE)
        assert (await waiting).status_code == 200
        assert not [each for each in gc.get_objects() if isinstance(each, Awaited)]
    finally:
        gc.enable()


async def test_begun_elsewhere(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """Who sees only the end looks the rest up."""
    await client.post("/v1/sagas", json=TEA)
    sagas.got_a_fact.clear()
    async with asyncio.timeout(5):
        waiting = await wait_for_tea(client, sagas)
        await sagas.answer(SAGA, 1, DONE)
        ended = await waiting
    assert (ended.status_code, ended.content) == (200, (await client.get(f"/v1/sagas/{SAGA}")).content)


@pytest.mark.parametrize("owns", [True, False])
async def test_ended_elsewhere(parts: Parts, sagas: SagasInMemory, monkeypatch: pytest.MonkeyPatch, owns: bool) -> None:
    """An end that nobody tells of is found all the same, also when this coordinator believes the saga to be its own."""
    monkeypatch.setattr("coordinator.api.waiting._FIRST_LOOK_AT_OURS_S", 0.01)
    async with asyncio.timeout(20), client_of(replace(parts, watch=Deaf(), owns=lambda _: owns)) as client:
        waiting = await wait_for_tea(client, sagas)
        await sagas.answer(SAGA, 1, DONE)
        assert (await waiting).json()["status"] == "completed"


async def test_a_look_in_vain(parts: Parts, sagas: SagasInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that does not answer while somebody waits is no refusal: the start was kept, and the wait goes on."""
    looked = asyncio.Event()

    async def away(saga_id: str) -> SagaView | None:
        looked.set()
        raise StoreUnavailable

    async with asyncio.timeout(5), client_of(replace(parts, owns=lambda _: False)) as client:
        monkeypatch.setattr(sagas, "saga", away)
        waiting = await wait_for_tea(client, sagas)
        await looked.wait()
        await sagas.answer(SAGA, 1, DONE)
        assert (await waiting).json()["status"] == "completed"


async def test_lets_go_when_the_coordinator_stops(parts: Parts) -> None:
    """Who waits is let go at once when the process is about to end."""
    with AwaitedSaga(parts, SAGA) as awaited:
        end = asyncio.ensure_future(awaited.within(60))
        await asyncio.sleep(0)
        parts.stopping.set()
        async with asyncio.timeout(5):
            assert await end is None


def test_whoever_is_gone_is_not_told() -> None:
    """Only who waits is told that the process is about to end."""
    stopping, told = Stopping(), list[str]()
    stopping.tell(partial(told.append, "waits"))
    stopping.tell(gone := partial(told.append, "gone"))
    stopping.forget(gone)
    assert not stopping.is_set()
    stopping.set()
    assert (stopping.is_set(), told) == (True, ["waits"])
