"""Who begins behind others waits for their first steps only: whole coordinators on a store and a broker in memory."""

import asyncio

import pytest

from contracts.answers import Answer
from coordinator.engine.facts import Accepted, Ignored, Known, Start, Verdict
from coordinator.runtime.notices import Lifecycle
from coordinator.runtime.ports import OutboxRow
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.sagas import DONE, start
from tests.unit.runtime.until import until_soon
from tests.unit.runtime.wrapped_store import WrappedStore

PATIENT = {"first_steps": 1, "company_door_ms": 0, "company_wait_ms": 600_000}
"""Who waits in vain waits longer than a test runs."""


def silent(row: OutboxRow) -> Answer | None:
    """Nobody answers."""
    return None


async def submitted(world: World, saga_id: str, fact: Start) -> Verdict:
    """Raises TimeoutError when the start waits for what never comes."""
    async with asyncio.timeout(5):
        return await world.coordinator.intake.submit(saga_id, fact)


async def test_who_begins_behind_a_first_step_waits_for_its_answer(new_world: NewWorld) -> None:
    """And no longer."""
    world = new_world(broker=MemoryBroker(silent), **PATIENT)
    await world.coordinator.start()
    assert await submitted(world, "buy:1", start("buy", "book")) == Accepted()
    behind = asyncio.create_task(submitted(world, "buy:2", start("buy", "book")))
    [first] = await world.broker.until_published(1)
    await until_soon(lambda: "buy:2" in world.coordinator.intake.gathered)
    world.broker.reply(first, DONE)
    assert await behind == Accepted()


@pytest.mark.parametrize(("definition", "value"), [("broken", "x"), ("nap", 3600.0)])
@pytest.mark.parametrize("lifecycle", ["off", "all"])
async def test_who_has_no_first_step_makes_nobody_wait(
    new_world: NewWorld, definition: str, value: object, lifecycle: Lifecycle
) -> None:
    """Sagas that end at once, and those that wait for a time or for a person, have asked nobody."""
    world = new_world(lifecycle=lifecycle, broker=MemoryBroker(silent), **PATIENT)
    await world.coordinator.start()
    for number in range(3):
        assert await submitted(world, f"{definition}:{number}", start(definition, value)) == Accepted()


async def test_who_is_there_already_makes_nobody_wait(new_world: NewWorld) -> None:
    """A client that sends its starts again delays no others: nothing comes of them."""
    world = new_world(**PATIENT)
    await world.coordinator.start()
    assert await submitted(world, "broken:1", start("broken", "x")) == Accepted()
    for _ in range(2):
        assert await submitted(world, "broken:1", start("broken", "x")) == Known()
    assert await submitted(world, "broken:2", start("broken", "x")) == Accepted()


async def test_whose_answers_come_elsewhere_makes_nobody_wait(new_world: NewWorld) -> None:
    """A coordinator without partitions begins sagas and never hears of them again."""
    world = new_world(broker=MemoryBroker(silent, partitions=frozenset()), **PATIENT)
    await world.coordinator.start()
    for number in range(3):
        assert await submitted(world, f"buy:{number}", start("buy", "book")) == Accepted()


async def test_who_is_given_up_makes_nobody_wait(new_world: NewWorld) -> None:
    """A start that the database refuses for good has no first step."""
    store = WrappedStore(MemoryStore())
    store.refused.add("buy:1")
    world = new_world(wrapped=store, broker=MemoryBroker(silent), **PATIENT)
    await world.coordinator.start()
    assert isinstance(await submitted(world, "buy:1", start("buy", "book")), Ignored)
    assert await submitted(world, "buy:2", start("buy", "book")) == Accepted()


BACK_SOON = {"company_told_ms": 600_000, "company_back_ms": 600_000}
"""Clients who were told are expected, and waited for, longer than a test runs."""


async def two_end(world: World) -> None:
    """Two sagas, in one batch."""
    starts = [submitted(world, f"broken:{number}", start("broken", "x")) for number in (1, 2)]
    assert await asyncio.gather(*starts) == [Accepted(), Accepted()]


async def test_clients_who_are_told_together_begin_together(new_world: NewWorld) -> None:
    """Each waited for an end, and comes back: the first waits for the other."""
    world = new_world(**BACK_SOON)
    await world.coordinator.start()
    for number in (1, 2):
        world.coordinator.watchers.watch(f"broken:{number}", lambda decision: None)
    await two_end(world)
    first = asyncio.create_task(submitted(world, "broken:3", start("broken", "x")))
    await until_soon(lambda: "broken:3" in world.coordinator.intake.gathered)
    assert await submitted(world, "broken:4", start("broken", "x")) == Accepted()
    assert await first == Accepted()
    assert world.observer.sizes[-1] == 2


async def test_where_nobody_was_told_nobody_is_waited_for(new_world: NewWorld) -> None:
    """Sagas end for which no client waits."""
    world = new_world(**BACK_SOON)
    await world.coordinator.start()
    await two_end(world)
    assert await submitted(world, "broken:3", start("broken", "x")) == Accepted()
