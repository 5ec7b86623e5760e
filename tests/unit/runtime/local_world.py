"""A coordinator whose sagas have local steps, and what became of them."""

import asyncio

from coordinator.engine.status import Status
from coordinator.history.codec import read_events
from coordinator.history.events import Event
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.errands import ERRANDS, Hand, never
from tests.unit.runtime.sagas import start
from tests.unit.runtime.until import until


async def local_world(new_world: NewWorld, *, store: MemoryStore | None = None, **more: object) -> World:
    """A started coordinator that has sagas with local steps."""
    world = new_world(store=store, definitions=ERRANDS, **more)
    await world.coordinator.start()
    return world


async def begun(world: World, definition: str = "fetch", key: str = "1") -> str:
    """A saga is started; its id."""
    saga_id = f"{definition}:{key}"
    await world.coordinator.intake.submit(saga_id, start(definition, "keys"))
    return saga_id


async def left_behind(new_world: NewWorld, hand: Hand) -> tuple[World, str]:
    """A coordinator that was stopped while a body ran, and the saga whose row it left."""
    hand.find = never
    world = await local_world(new_world, stop_s=0.01)
    saga_id = await begun(world)
    await until(lambda: hand.begun)
    await world.coordinator.stop()
    return world, saga_id


async def status_of(world: World, saga_id: str) -> Status:
    """How it ended, or that it is parked."""
    view = await world.store.saga(saga_id)
    assert view is not None
    if not Status(view.status).ended and view.status != "parked":
        decision = await world.coordinator.watchers.ended(saga_id, 10)
        assert decision is not None
        return decision.status
    return Status(view.status)


async def history(store: MemoryStore, saga_id: str) -> list[Event]:
    rows = await store.history(saga_id)
    return [event for row in rows for event in read_events(bytes(row.events))]


async def kinds(store: MemoryStore, saga_id: str) -> list[str]:
    return [type(event).__name__ for event in await history(store, saga_id)]


async def outbox_is_empty(world: World, saga_id: str) -> None:
    async with asyncio.timeout(5):
        while await world.store.outbox_of([saga_id]):  # noqa: ASYNC110 (the store has no events)
            await asyncio.sleep(0)
