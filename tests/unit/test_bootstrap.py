"""What bootstrap builds, over servers in memory."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from contracts.answers import Answer, Success
from coordinator.bootstrap import Outside, Service, build, open_outside
from coordinator.config import Settings, SetupError
from coordinator.runtime.ports import OutboxRow
from coordinator.saga.catalogues import load_definitions
from coordinator.telemetry.tracing import TracingOff
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.api.definitions import DEFINITIONS
from tests.unit.api.test_start_refused import problem

TEA = {"definition": "make_tea", "input": {"kind": "mate"}}


def hot(row: OutboxRow) -> Answer:
    """The kitchen's answer to everything."""
    return Success(msgspec.Raw(b'"hot"'))


@pytest.fixture
def store() -> MemoryStore:
    """Postgres in memory."""
    return MemoryStore()


@pytest.fixture
async def service(store: MemoryStore) -> AsyncIterator[Service]:
    """A coordinator that is ready."""
    settings = Settings(http_answer_s=0.1)
    service = build(settings, DEFINITIONS, Outside(store, store, MemoryBroker(hot)), tracing=TracingOff())
    await service.coordinator.start()
    yield service
    await service.stop()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client of its HTTP interface."""
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://coordinator") as client:
        yield client


async def test_a_saga_goes_through(client: httpx.AsyncClient) -> None:
    """From the request through runtime and engine to the answer, everything is joined."""
    answer = await client.post("/v1/sagas", json=TEA, headers={"Prefer": "wait=10"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, {"result": "hot"})


async def test_ready(client: httpx.AsyncClient) -> None:
    """A coordinator whose servers answer is ready."""
    assert (await client.get("/readyz")).status_code == 200


async def test_metrics(client: httpx.AsyncClient) -> None:
    """What happens is counted."""
    await client.post("/v1/sagas", json=TEA, headers={"Prefer": "wait=10"})
    text = (await client.get("/metrics")).text
    assert 'amends_sagas_started_total{definition="make_tea"} 1.0' in text
    assert "amends_mailbox_facts 0.0" in text
    assert "process_cpu_seconds_total" in text


async def test_database_goes_away(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """A start while the database is away is refused, first as unknown and then, once that is known, as not written."""
    store.unavailable = True
    problem(await client.post("/v1/sagas", json=TEA), 503, "outcome_unknown")
    refused = await client.post("/v1/sagas", json={**TEA, "key": "other"})
    assert "Nothing was written" in problem(refused, 503, "not_ready")["detail"]
    problem(await client.get("/readyz"), 503, "not_ready")


async def test_not_started(store: MemoryStore) -> None:
    """A coordinator that has not started takes nothing in."""
    service = build(Settings(), DEFINITIONS, Outside(store, store, MemoryBroker()), tracing=TracingOff())
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://coordinator") as client:
        problem(await client.post("/v1/sagas", json=TEA), 503, "not_ready")


def test_catalogue() -> None:
    """Definitions of several modules come together."""
    found = load_definitions("coordinator.catalogue, tests.unit.api.definitions")
    assert found.names() == ["book_trip", "make_tea", "pour", "refill", "sell", "serve", "tidy"]


@pytest.mark.parametrize(
    ("catalogue", "words"),
    [
        ("no.such.module", "names no.such.module, which cannot be used"),
        ("contracts.ids", "names contracts.ids, which cannot be used"),
        ("coordinator.catalogue,coordinator.catalogue", "there twice"),
    ],
)
def test_unusable_catalogue(catalogue: str, words: str) -> None:
    """A catalogue that cannot be used is refused with its name."""
    with pytest.raises(SetupError, match=words):
        load_definitions(catalogue)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(kafka_bootstrap="k:1"), "Set AMENDS_DATABASE_URL"),
        (Settings(database_url="postgresql://h/d"), "Set AMENDS_KAFKA_BOOTSTRAP"),
        (Settings(database_url="mysql://h/d", kafka_bootstrap="k:1"), "starts with postgresql://"),
    ],
)
async def test_servers_that_are_not_named(settings: Settings, words: str) -> None:
    """What is missing is named."""
    with pytest.raises(SetupError, match=words):
        await open_outside(settings, DEFINITIONS)
