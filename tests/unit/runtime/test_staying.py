"""A saga stays with the coordinator that started it, until that one's partitions go to another."""

import asyncio

import pytest

from contracts.command_message import CommandMessage, reply_partition_of
from coordinator.engine.facts import Cancel
from coordinator.engine.status import Status
from coordinator.runtime.shards import partition_of
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.sagas import DONE, start
from tests.unit.runtime.until import until
from tests.unit.runtime.wrapped_store import WrappedStore

EVEN, ODD = frozenset({0, 2, 4, 6}), frozenset({1, 3, 5, 7})


def silent(partitions: frozenset[int]) -> MemoryBroker:
    """Participants that answer when the test says so."""
    return MemoryBroker(lambda row: None, partitions)


@pytest.fixture
async def two(new_world: NewWorld) -> tuple[World, World]:
    """Two coordinators that share the partitions of one store."""
    store = MemoryStore()
    worlds = (new_world(store=store, broker=silent(EVEN)), new_world(store=store, broker=silent(ODD)))
    for each in worlds:
        await each.coordinator.start()
    return worlds


async def started(world: World, *keys: str, definition: str = "buy", item: object = "book") -> None:
    """Starts these there."""
    for key in keys:
        await world.coordinator.intake.submit(f"{definition}:{key}", start(definition, item))


def keys_of(partitions: frozenset[int], count: int = 8) -> list[str]:
    """Keys whose ids hash to these partitions."""
    found = (str(number) for number in range(10_000) if partition_of(f"buy:{number}", 8) in partitions)
    return [next(found) for _ in range(count)]


async def test_it_is_kept_where_it_was_started(two: tuple[World, World]) -> None:
    """Also where its id hashes to the other's partitions; its commands say where the reply should go, and go there."""
    here, there = two
    own, foreign = keys_of(EVEN), keys_of(ODD)
    await started(here, *own, *foreign)
    rows = await here.broker.until_published(16)
    assert all(here.coordinator.keeps(row.saga_id) and not there.coordinator.keeps(row.saga_id) for row in rows)
    asked_for = {row.saga_id: CommandMessage.read(row.headers, row.value).reply_partition for row in rows}
    assert None not in {asked_for[f"buy:{key}"] for key in foreign}
    assert all(each is None or each in EVEN for each in asked_for.values())
    assert all(row.partition == asked_for[row.saga_id] for row in rows)


async def test_it_is_never_loaded_there(new_world: NewWorld) -> None:
    """From its start to its end in one memory."""
    store = WrappedStore(MemoryStore())
    world = new_world(wrapped=store, broker=MemoryBroker(lambda row: DONE, EVEN))
    await world.coordinator.start()
    for key in keys_of(ODD):
        waiting = world.coordinator.watchers.ended(f"buy:{key}", 10)
        task = world.coordinator.intake.submit(f"buy:{key}", start("buy", "book"))
        await task
        ended = await waiting
        assert ended is not None
        assert ended.status is Status.COMPLETED
    assert store.loads == []


async def test_whoever_gets_a_reply_that_went_by_its_key_handles_it(two: tuple[World, World]) -> None:
    """A participant may not know the header: the other coordinator decides, and asks for the next reply at home."""
    here, there = two
    [key] = keys_of(ODD, 1)
    await started(here, key)
    [first] = await here.broker.until_published(1)
    there.broker.reply(first, DONE)
    [second] = await there.broker.until_published(1)
    assert reply_partition_of(second.headers) == reply_partition_of(first.headers)
    assert not there.coordinator.keeps(f"buy:{key}")
    here.broker.reply(second, DONE)
    await until(lambda: here.broker.verdicts)
    view = await here.store.saga(f"buy:{key}")
    assert view is not None
    assert view.status == "completed"


async def test_what_another_decides_about_it_asks_for_replies_at_home(two: tuple[World, World]) -> None:
    """A client may cancel it anywhere."""
    here, there = two
    [key] = keys_of(ODD, 1)
    await started(here, key)
    [command] = await here.broker.until_published(1)
    await there.coordinator.intake.submit(f"buy:{key}", Cancel())
    [undo] = await there.broker.until_published(1)
    assert undo.command_id.endswith(":undo")
    assert reply_partition_of(undo.headers) == reply_partition_of(command.headers)


async def test_its_timer_is_where_it_is(two: tuple[World, World]) -> None:
    """Nobody else remembers it; when the partitions are handed over, it is forgotten here and fires there."""
    here, there = two
    here.coordinator.timers.stop()
    keys = keys_of(EVEN, 2) + keys_of(ODD, 2)
    ids = [f"nap:{key}" for key in keys]
    await started(here, *keys, definition="nap", item=0.2)
    assert all(here.coordinator.timers.due(each) is not None for each in ids)
    ends = asyncio.gather(*[there.coordinator.watchers.ended(each, 30) for each in ids])
    here.coordinator.ownership.assign(frozenset(), 8)
    assert not any(here.coordinator.keeps(each) for each in ids)
    there.coordinator.ownership.assign(EVEN | ODD, 8)
    assert [end.status for end in await ends if end is not None] == [Status.COMPLETED] * 4


async def test_what_it_could_not_send_is_sent_where_it_belongs(new_world: NewWorld) -> None:
    """The sweep of the coordinator that has its partition sends it again soon; others leave it to that one."""
    store = MemoryStore()
    here = new_world(store=store, broker=silent(EVEN))
    here.broker.unavailable = True
    await here.coordinator.start()
    await started(here, *keys_of(EVEN, 4), *keys_of(ODD, 4))
    await here.coordinator.stop()
    swept = WrappedStore(store)
    there = new_world(wrapped=swept, broker=silent(ODD), leftovers_older_ms=0)
    await there.coordinator.start()
    await until(lambda: len(swept.pages) >= 3)
    assert there.broker.published == []
    there.coordinator.ownership.assign(EVEN, 8)
    assert len(await there.broker.until_published(8)) == 8
