"""Two coordinators on one database and one Kafka: they share the work, and never do anything twice."""

import asyncio
import re
import signal
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from tests.faults.queues import members
from tests.faults.system import DIES_WITHIN_S, Armed, System, death_of
from tests.faults.trips import Trips
from tests.faults.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = (0, 1)


async def ended_at(system: System, number: int) -> int:
    """How many sagas this coordinator has brought to their end."""
    async with httpx.AsyncClient(timeout=10) as http:
        told = (await http.get(f"{system.url(number)}/metrics")).text
    return sum(int(float(count)) for count in re.findall(r"^amends_sagas_total\{.*\} (\S+)$", told, re.MULTILINE))


async def test_two_share_the_work(system: System, trips: Trips) -> None:
    """200 sagas asked for at both, some of them at both at once: each exists once, and both coordinators work."""
    await system.start_coordinator(1)
    before = [await ended_at(system, number) for number in BOTH]
    await trips.ask_for(180, coordinators=BOTH)
    await asyncio.gather(*(trips.ask("booked", coordinators=(*BOTH, *BOTH)) for _ in range(20)))
    assert len(trips.acknowledged) == 200
    assert await trips.faults() == []
    ended = [await ended_at(system, number) - count for number, count in zip(BOTH, before, strict=True)]
    assert sum(ended) == 200
    assert min(ended) >= 20


async def test_a_saga_stays_where_it_was_started(system: System, trips: Trips) -> None:
    """Whatever its id hashes to: what one is asked for, it brings to its end."""
    await system.start_coordinator(1)
    before = [await ended_at(system, number) for number in BOTH]
    await trips.ask_for(30, coordinators=(1,))
    assert await trips.faults() == []
    assert [await ended_at(system, number) - count for number, count in zip(BOTH, before, strict=True)] == [0, 30]


@pytest.mark.parametrize("place", ["batch_loaded", "publish_queued"])
async def test_one_is_stopped_past_its_session(
    system: System, trips: Trips, tmp_path: Path, place: str, record_property: Any
) -> None:
    """The other takes over and brings everything to its end. Woken again, the first changes nothing of that, and both
    go on. It is stopped before it decides, in an open transaction, and with commands in its hand."""
    armed = Armed(place, tmp_path, times=4, how="stop")
    await system.coordinators[0].stop()
    await system.start_coordinator(extra=armed.environment)
    await system.start_coordinator(1)
    await trips.ask_for(24, coordinators=BOTH)

    async def fired() -> bool:
        if not armed.fired:
            await trips.ask("declined")
        return armed.fired

    await until(fired)
    stopped = monotonic()
    await trips.again(coordinator=1)
    assert await trips.faults() == []
    record_property("recovered_s", round(monotonic() - stopped, 2))
    before = await trips.evidence()
    system.coordinators[0].send(signal.SIGCONT)
    await trips.ask_for(24, coordinators=BOTH)
    await trips.again()
    assert await trips.faults() == []
    after = await trips.evidence()
    assert {saga_id: after.histories[saga_id] for saga_id in before.histories} == before.histories
    assert [effect for effect in after.effects if effect in before.effects] == before.effects


async def test_one_dies_and_never_comes_back(system: System, trips: Trips, record_property: Any) -> None:
    """The other has everything of it, once its session has ended."""
    await system.start_coordinator(1)
    await trips.ask_for(48, coordinators=BOTH)
    system.coordinators[0].kill()
    assert await death_of(system.coordinators[0]) == -signal.SIGKILL
    died = monotonic()
    await trips.again(coordinator=1)
    assert await trips.faults() == []
    record_property("recovered_s", round(monotonic() - died, 2))


async def test_one_leaves_and_comes_again_and_again(system: System, trips: Trips) -> None:
    """F5: every rebalance takes some sagas from one and gives them to the other; work goes on."""
    await asyncio.wait_for(system.start_coordinator(1), DIES_WITHIN_S)
    for _ in range(4):
        await trips.ask_for(12, coordinators=BOTH)
        await system.coordinators[1].stop()
        await trips.ask_for(12)
        await system.start_coordinator(1)
    await trips.again()
    assert await trips.faults() == []


async def test_one_that_is_stopped_leaves_its_group(system: System) -> None:
    """Its partitions go to the other at once, and do not wait for its session to time out."""
    await system.start_coordinator(1)
    assert await members(system) == 2
    await system.coordinators[1].stop()
    assert await members(system) == 1
