"""A coordinator from its start to its stop."""

import asyncio

import pytest

from coordinator.engine.facts import Accepted
from coordinator.runtime.intake import Overloaded
from coordinator.runtime.ownership import COMPANY_MS
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.sagas import start
from tests.unit.runtime.until import until
from tests.unit.runtime.wrapped_store import WrappedStore


async def test_readiness(new_world: NewWorld) -> None:
    """Not before the start, not while stopping."""
    world = new_world()
    assert not world.coordinator.ready.ready
    await world.coordinator.start()
    assert world.coordinator.ready.ready
    await world.coordinator.stop()
    assert "stopping" in world.coordinator.ready.reason


async def test_a_stop_finishes_what_is_in_flight(new_world: NewWorld) -> None:
    """Facts taken are committed, rows are out, and the outbox is empty."""
    store = WrappedStore(MemoryStore())
    store.gate = asyncio.Event()
    world = new_world(wrapped=store, broker=MemoryBroker(lambda row: None), flush_idle_ms=60_000, stop_s=10)
    await world.coordinator.start()
    asked = asyncio.create_task(world.coordinator.intake.submit("buy:1", start("buy", "book")))
    await until(lambda: store.commits)
    stopping = asyncio.create_task(world.coordinator.stop())
    await asyncio.sleep(0)
    store.gate.set()
    await stopping
    assert await asked == Accepted()
    assert len(world.broker.published) == 1
    assert await store.outbox_of(["buy:1"]) == []


async def test_a_stopping_coordinator_takes_no_more(world: World) -> None:
    """Whoever asks is sent elsewhere; replies are not polled."""
    await world.coordinator.stop()
    assert world.broker.paused
    with pytest.raises(Overloaded):
        await world.coordinator.intake.submit("buy:1", start("buy", "book"))


async def test_a_stop_does_not_wait_for_ever(world: World) -> None:
    """With Postgres away it gives up after its time; what was not committed was never acknowledged."""
    world.store.unavailable = True
    asked = asyncio.create_task(world.coordinator.intake.submit("buy:1", start("buy", "book")))
    await until(lambda: world.observer.outages)
    await world.coordinator.stop()
    assert not asked.done()
    asked.cancel()


async def test_lost_partitions_leave_the_memory(new_world: NewWorld) -> None:
    """Warm sagas and timers of what is not ours any more are forgotten, the others stay."""
    now = 1_790_000_000_000
    world = new_world(broker=MemoryBroker(lambda row: None), clock=lambda: now)
    await world.coordinator.start()
    for number in range(40):
        now += COMPANY_MS
        await world.coordinator.intake.submit(f"buy:{number}", start("buy", "book"))
    warm, owned = world.coordinator.warm, world.coordinator.ownership
    assert (len(warm), len(world.coordinator.timers)) == (40, 40)
    owned.assign(frozenset({0, 1, 2, 3}), 8)
    stored = await world.store.load([f"buy:{number}" for number in range(40)])
    ours = {saga_id for saga_id, saga in stored.items() if owned.owns(saga.shard)}
    assert len(ours) == 20
    assert {saga_id for saga_id in stored if saga_id in warm} == ours
    assert len(world.coordinator.timers) == len(ours)


async def test_nobody_is_told_of_another_sagas_end(world: World) -> None:
    """A wait that lasts too long ends with nothing."""
    waiting = asyncio.create_task(world.coordinator.watchers.ended("buy:2", 0.05))
    await world.coordinator.intake.submit("buy:1", start("buy", "book"))
    assert await waiting is None
