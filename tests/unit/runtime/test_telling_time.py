"""All coordinators of a store have its time, and decide nothing before they have."""

import asyncio
import time

from coordinator.engine.facts import Accepted
from coordinator.runtime.clock import SteadyClock
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld
from tests.unit.runtime.sagas import start
from tests.unit.runtime.until import until

HOUR_MS = 3_600_000


class AnotherTime(MemoryStore):
    """A store whose clock is an hour ahead of this machine's."""

    async def time(self) -> int:
        return await super().time() + HOUR_MS


async def test_a_saga_has_the_stores_time(new_world: NewWorld) -> None:
    """Not that of the machine on which its coordinator runs."""
    world = new_world(store=AnotherTime(), clock=SteadyClock())
    await world.coordinator.start()
    await world.coordinator.intake.submit("buy:1", start("buy", "book"))
    view = await world.store.saga("buy:1")
    assert view is not None
    assert abs(view.started_at - time.time() * 1e3 - HOUR_MS) < HOUR_MS / 60


async def test_nothing_is_decided_before_the_time_is_known(new_world: NewWorld) -> None:
    """A decision at a wrong time could be undone too early by the next coordinator."""
    store = MemoryStore()
    store.unavailable = True
    world = new_world(store=store, clock=SteadyClock())
    await world.coordinator.start()
    asked = asyncio.create_task(world.coordinator.intake.submit("buy:1", start("buy", "book")))
    await until(lambda: world.coordinator.intake.size == 1)
    assert not world.coordinator.ready.ready
    assert world.observer.sizes == []
    store.unavailable = False
    assert await asked == Accepted()
    assert world.coordinator.ready.ready


async def test_an_answer_that_took_long_says_nothing(new_world: NewWorld) -> None:
    """Nobody knows at which moment of the wait it was that time."""
    elapsed = [0.0]

    class SlowAtFirst(MemoryStore):
        async def time(self) -> int:
            elapsed[0] += 5_000 if elapsed[0] == 0 else 1
            return HOUR_MS

    clock = SteadyClock(lambda: 0.0, lambda: elapsed[0])
    world = new_world(store=SlowAtFirst(), clock=clock)
    await world.coordinator.start()
    await until(lambda: clock.told)
    assert elapsed[0] > 5_000
    assert clock() == HOUR_MS + 0.5 // 1


async def test_whatever_the_store_says_it_is_asked_again(new_world: NewWorld) -> None:
    """A coordinator that has stopped asking would never decide anything."""

    class OddAtFirst(MemoryStore):
        asked = 0

        async def time(self) -> int:
            self.asked += 1
            if self.asked == 1:
                raise ValueError("That is no interval.")
            return HOUR_MS

    clock = SteadyClock()
    world = new_world(store=OddAtFirst(), clock=clock)
    await world.coordinator.start()
    await until(lambda: clock.told)
