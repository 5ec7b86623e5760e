"""Code that no longer fits the sagas under way: they are parked, and go on when the right code is deployed."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers
from tests.faults.asked import Asked
from tests.faults.system import System, deployed
from tests.faults.visit import DEFINITIONS
from tests.faults.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

RIGHT, WRONG = {"AMENDS_CATALOGUE": "tests.faults.visit"}, {"AMENDS_CATALOGUE": "tests.faults.visit_changed"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def visiting(
    servers: Servers[PostgresServer, KafkaServer], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """A coordinator with the saga as it was written first."""
    system = System(servers, tmp_path_factory.mktemp("visiting"), participants=("flights", "hotels"), settings=RIGHT)
    async with deployed(system):
        yield system


async def test_parked_for_its_code_and_resumed_by_the_right_one(visiting: System) -> None:
    """The message says expected, found and version; new sagas of the wrong code are not disturbed by the parked one,
    and nothing of it is lost or done twice."""
    async with Asked(visiting, DEFINITIONS) as asked:
        saga_id = await asked.start("visit", "1", 0.5, "completed")
        await asked.reached(saga_id, "timer_started")
        visiting.coordinators[0].kill()
        await visiting.coordinators[0].ended()
        await visiting.start_coordinator(extra=WRONG)

        async def parked() -> bool:
            found = await asked.fetch("SELECT parked_for FROM saga WHERE saga_id = $1", saga_id)
            return found[0]["parked_for"] == "code"

        await until(parked)
        outcome = (await asked.fetch("SELECT outcome FROM saga WHERE saga_id = $1", saga_id))[0]["outcome"]
        for word in ("visit version 1", "Expected", "flights.reserve", "Found", "hotels.reserve", "Nothing is lost"):
            assert word in outcome
        assert await asked.faults(as_expected=False) == []
        await visiting.coordinators[0].stop()
        await visiting.start_coordinator()
        await asked.reached(saga_id, "saga_completed")
        assert await asked.faults() == []
        assert (await asked.events(saga_id)).count("saga_parked") == 1
