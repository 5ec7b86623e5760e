"""The application over sagas in memory, and a client of it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from coordinator.api.app import build_app
from coordinator.api.parts import Limits, Parts
from coordinator.runtime.starting import Starting
from tests.unit.api.definitions import DEFINITIONS
from tests.unit.api.sagas import SagasInMemory

BODY_BYTES = 700 * 1024


@pytest.fixture
def sagas() -> SagasInMemory:
    """No sagas yet."""
    return SagasInMemory(DEFINITIONS)


def parts_over(sagas: SagasInMemory) -> Parts:
    """Everything in memory."""

    async def unreadiness() -> str | None:
        return None if sagas.refuses_with is None else "The database does not answer."

    return Parts(
        intake=sagas,
        sagas=sagas,
        definitions=DEFINITIONS,
        watch=sagas,
        unreadiness=unreadiness,
        metrics=lambda: b"amends_sagas_total 1\n",
        starting=Starting(DEFINITIONS, lambda saga_id, definition, client: client),
        limits=Limits(body_bytes=BODY_BYTES, body_timeout_s=0.05, wait_s=60),
    )


@pytest.fixture
def parts(sagas: SagasInMemory) -> Parts:
    """What the application stands on."""
    return parts_over(sagas)


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """Talks to the application without a socket. A mistake of the application is an answer, not an exception."""
    transport = httpx.ASGITransport(build_app(parts), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://coordinator") as client:
        yield client
