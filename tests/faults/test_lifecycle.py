"""Notices on real servers: wherever a coordinator dies, each is sent, and none before an earlier one."""

import asyncio
from pathlib import Path

import pytest

from contracts.lifecycle_message import LifecycleMessage
from tests.faults.asked import Asked
from tests.faults.doomed import doomed
from tests.faults.queues import all_records
from tests.faults.system import System
from tests.faults.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = {"AMENDS_LIFECYCLE": "all"}


async def told(system: System, saga_id: str) -> list[LifecycleMessage]:
    """Every notice of the saga, as often as it was sent, in the order of its partition."""
    records = await all_records(system, [system.topics.lifecycle])
    mine = [record for record in records if record.key == saga_id.encode()]
    found = [LifecycleMessage.read(record.headers, record.value) for record in mine]
    return [notice for notice in found if notice is not None]


@pytest.mark.parametrize(
    ("failpoint", "when"),
    [
        ("outbox_written", "at its start"),
        ("commit_acknowledged", "at its start"),
        ("publish_queued", "at its start"),
        ("commit_acknowledged", "in its pause"),
        ("publish_acknowledged", "in its pause"),
    ],
)
async def test_a_coordinator_dies_on_the_way(waiting: Asked, failpoint: str, when: str, tmp_path: Path) -> None:
    """Another one tells what it could not tell any more, and goes on from there."""
    system = waiting.system
    if when == "at its start":
        dying = await doomed(system, 0, failpoint, tmp_path, extra=ALL)
        saga_id = await waiting.start("approved_trip", f"told-{failpoint}-1", 1, "compensated")
        await dying
    else:
        await system.coordinators[0].stop()
        await system.start_coordinator(0, ALL)
        saga_id = await waiting.start("approved_trip", f"told-{failpoint}-2", 1, "compensated")
        await waiting.reached(saga_id, "signal_awaited")
        dying = await doomed(system, 0, failpoint, tmp_path, extra=ALL)
        await asyncio.gather(waiting.act(saga_id, "pause"), return_exceptions=True)
        await dying
    await system.start_coordinator(1, ALL)
    await waiting.again(1)
    for act in ("pause", "resume"):
        assert await waiting.act(saga_id, act, coordinator=1) == 202
    assert await waiting.signal(saga_id, "approval", {"by": "Bob", "approved": False}, "no", coordinator=1)
    await waiting.reached(saga_id, "saga_compensated")

    async def all_told() -> bool:
        return "compensated" in [notice.change for notice in await told(system, saga_id)]

    await until(all_told)
    notices = await told(system, saga_id)
    first_times = list({notice.number: notice for notice in notices})
    assert first_times == [1, 2, 3, 4, 5]
    changes = {notice.number: notice.change for notice in notices}
    expected = ["started", "paused", "resumed", "compensating", "compensated"]
    assert [changes[number] for number in first_times] == expected
    assert notices[-1].saga.cause == "refused"
    assert await waiting.faults() == []
