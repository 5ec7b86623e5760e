"""What the machines around the coordinator ask."""

import httpx
import pytest

from coordinator.errors import PROBLEM_KINDS, ProblemKind
from coordinator.runtime.ports import StoreUnavailable
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem


async def test_alive_without_the_database(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """The process is alive, whatever its servers do."""
    sagas.refuses_with = StoreUnavailable()
    assert (await client.get("/livez")).json() == {"status": "alive"}


async def test_ready(client: httpx.AsyncClient) -> None:
    """It takes work when everything is there."""
    assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_not_ready(client: httpx.AsyncClient, sagas: SagasInMemory) -> None:
    """It says what is missing when something is."""
    sagas.refuses_with = StoreUnavailable()
    answer = await client.get("/readyz")
    assert problem(answer, 503, "not_ready")["detail"] == "The database does not answer."


async def test_metrics(client: httpx.AsyncClient) -> None:
    """Metrics are text for Prometheus."""
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answer.text == "amends_sagas_total 1\n"


@pytest.mark.parametrize("kind", PROBLEM_KINDS, ids=lambda kind: kind.code)
async def test_problem_types_can_be_fetched(client: httpx.AsyncClient, kind: ProblemKind) -> None:
    """The type of every problem is an address that explains it."""
    body = (await client.get(kind.type)).json()
    assert (body["code"], body["status"], body["fault"]) == (kind.code, kind.status, kind.fault)


async def test_no_such_problem_type(client: httpx.AsyncClient) -> None:
    """Other addresses there are not found."""
    problem(await client.get("/problems/none"), 404, "not_found")
