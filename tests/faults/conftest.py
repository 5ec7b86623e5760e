"""One deployment for most tests of this folder: what a test does to it, it must survive, and the next test too."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers
from coordinator.saga import Definitions
from tests.faults import approval, calling, changing, counting, holding, noting, swapping, trying
from tests.faults.asked import Asked
from tests.faults.system import System, deployed
from tests.faults.trips import Trips

CATALOGUE = (approval, calling, changing, counting, holding, noting, swapping, trying)
DEFINITIONS = Definitions([definition for module in CATALOGUE for definition in module.DEFINITIONS])
"""All that the second deployment's coordinators can run."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def deployment(
    servers: Servers[PostgresServer, KafkaServer], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """Two coordinators, of which the first is started, and the demo's participants."""
    system = System(servers, tmp_path_factory.mktemp("faults"), coordinators=2)
    async with deployed(system):
        yield system


@pytest_asyncio.fixture(loop_scope="session")
async def system(deployment: System) -> System:
    """The deployment, whole, whatever the test before has left of it."""
    await deployment.only_the_first()
    return deployment


@pytest_asyncio.fixture(loop_scope="session")
async def trips(system: System, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Trips]:
    """This test's own sagas."""
    async with Trips(system, tmp_path.name) as trips:
        yield trips


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def approvals(
    servers: Servers[PostgresServer, KafkaServer], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """Two coordinators with sagas that hear of people, of which the first is started."""
    system = System(
        servers,
        tmp_path_factory.mktemp("approval"),
        participants=("flights", "hotels"),
        coordinators=2,
        settings={"AMENDS_CATALOGUE": ",".join(module.__name__ for module in CATALOGUE)},
    )
    async with deployed(system):
        yield system


@pytest_asyncio.fixture(loop_scope="session")
async def waiting(approvals: System) -> AsyncIterator[Asked]:
    """This test's own sagas that wait for a person; the first coordinator runs alone, and it is today."""
    async with Asked(approvals, DEFINITIONS) as asked:
        await asked.it_is("0")
        await approvals.only_the_first()
        yield asked
