"""What a crash left behind is found again."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Sequence

import pytest

from coordinator.engine.status import Status
from coordinator.runtime.clock import Clock
from coordinator.runtime.outbox_order import in_order, whole_sagas
from coordinator.runtime.ports import Due, OutboxRow
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.sagas import start, success
from tests.unit.runtime.until import until
from tests.unit.runtime.wrapped_store import WrappedStore


async def crashed(new_world: NewWorld, definition: str, value: object, clock: Clock | None = None) -> MemoryStore:
    """A saga that was committed by a coordinator which died before it could publish anything."""
    broker = MemoryBroker()
    broker.unavailable = True
    world = new_world(broker=broker, clock=clock)
    await world.coordinator.start()
    await world.coordinator.intake.submit(f"{definition}:1", start(definition, value))
    await world.coordinator.stop()
    return world.store


async def ended(world: World, saga_id: str) -> Status:
    decision = await world.coordinator.watchers.ended(saga_id, 10)
    assert decision is not None
    return decision.status


async def test_leftover_rows_are_sent_by_their_shards_owner(new_world: NewWorld) -> None:
    """The next coordinator finds them after a while and the saga completes."""
    store = await crashed(new_world, "buy", "book")
    world = new_world(store=store, leftovers_older_ms=20)
    await world.coordinator.start()
    assert await ended(world, "buy:1") is Status.COMPLETED


async def test_what_found_no_room_goes_out_however_young_it_is(new_world: NewWorld) -> None:
    """The row of a step that is tried again every few seconds is never old."""
    world = new_world(relay_rows=4, leftovers_older_ms=600_000, foreign_leftovers_older_ms=600_000)
    await world.coordinator.start()
    sagas = [f"buy:{number}" for number in range(8)]
    ends = [asyncio.create_task(ended(world, saga_id)) for saga_id in sagas]
    await asyncio.gather(*(world.coordinator.intake.submit(saga_id, start("buy", "book")) for saga_id in sagas))
    assert {*await asyncio.gather(*ends)} == {Status.COMPLETED}


async def test_old_leftovers_are_sent_by_anyone(new_world: NewWorld) -> None:
    """Even when nobody owns the shard."""
    store = await crashed(new_world, "buy", "book")
    world = new_world(
        store=store,
        broker=MemoryBroker(success, frozenset()),
        leftovers_older_ms=10,
        foreign_leftovers_older_ms=20,
    )
    await world.coordinator.start()
    assert await ended(world, "buy:1") is Status.COMPLETED


async def test_leftovers_of_a_clock_that_was_ahead_are_sent(new_world: NewWorld) -> None:
    """T1: whoever wrote them took it to be an hour later. They do not wait until then."""
    store = await crashed(new_world, "buy", "book", clock=lambda: time.time_ns() // 1_000_000 + 3_600_000)
    world = new_world(store=store, leftovers_older_ms=20)
    await world.coordinator.start()
    assert await ended(world, "buy:1") is Status.COMPLETED


async def test_overdue_timers_fire_after_a_restart(new_world: NewWorld) -> None:
    """A saga whose time came while nobody was there wakes up."""
    store = await crashed(new_world, "nap", 0.01)
    world = new_world(store=store)
    await world.coordinator.start()
    assert await ended(world, "nap:1") is Status.COMPLETED


async def test_anyone_wakes_what_is_long_overdue(new_world: NewWorld) -> None:
    """Whoever owns the shard may be gone; the fence protects."""
    store = await crashed(new_world, "nap", 0.01)
    world = new_world(
        store=store, broker=MemoryBroker(success, frozenset()), foreign_grace_ms=30, sweep_all_every_ms=10
    )
    await world.coordinator.start()
    assert await ended(world, "nap:1") is Status.COMPLETED


async def test_a_timer_of_a_foreign_start_fires_at_its_owner(new_world: NewWorld) -> None:
    """A saga started elsewhere, cold here, is woken close to its time."""
    started = new_world(broker=MemoryBroker(success, frozenset()), foreign_grace_ms=10**9)
    owner = new_world(store=started.store)
    await owner.coordinator.start()
    await started.coordinator.start()
    ending = asyncio.create_task(ended(owner, "nap:1"))
    await started.coordinator.intake.submit("nap:1", start("nap", 0.05))
    assert await ending is Status.COMPLETED


async def test_a_timer_fires_on_time(world: World) -> None:
    """A warm saga's sleep ends when it should, and not before."""
    began = time.monotonic()
    ending = asyncio.create_task(ended(world, "nap:1"))
    await world.coordinator.intake.submit("nap:1", start("nap", 0.2))
    assert await ending is Status.COMPLETED
    assert 0.19 <= time.monotonic() - began < 1.0
    assert all(late < 0.5 for late in world.observer.lateness)


async def test_long_sleepers_are_not_read_by_a_start(new_world: NewWorld) -> None:
    """Neither their rows nor their histories (L1): only what is due is."""
    first = new_world()
    await first.coordinator.start()
    for number in range(50):
        await first.coordinator.intake.submit(f"long_nap:{number}", start("long_nap", "book"))
    await first.coordinator.activation.drained()
    await first.broker.until_published(50)
    await first.coordinator.activation.drained()
    await first.coordinator.stop()
    store = WrappedStore(first.store)
    world = new_world(wrapped=store, sweep_ahead_ms=60_000)
    await world.coordinator.start()
    await until(lambda: len(store.pages) >= 3)
    assert (store.pages[:3], store.loads) == ([[], [], []], [])


class Asked(WrappedStore):
    """A store that remembers how far into the future, or how close to now, the sweep has looked."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.wake_ups_ahead_ms: list[float] = []
        self.leftovers_ago_ms: list[float] = []

    async def due(self, before: int, limit: int, after: tuple[int, str] | None = None) -> Sequence[Due]:
        self.wake_ups_ahead_ms.append(before - time.time() * 1e3)
        return await super().due(before, limit, after)

    async def leftovers(self, older_than: int, newer_than: int, limit: int, after: str = "") -> Sequence[OutboxRow]:
        self.leftovers_ago_ms.append(time.time() * 1e3 - older_than)
        return await self._store.leftovers(older_than, newer_than, limit, after)


async def test_before_anything_is_ours_only_what_anyone_may_take_is_read(new_world: NewWorld) -> None:
    """At a start the sweep comes before the group has met: what it reads in vain keeps what is due waiting."""
    store = Asked(MemoryStore())
    world = new_world(wrapped=store, broker=MemoryBroker(success, frozenset()))
    limits = world.coordinator.limits
    await world.coordinator.start()
    await until(lambda: len(store.wake_ups_ahead_ms) >= 2)
    assert max(store.wake_ups_ahead_ms) <= -limits.foreign_grace_ms
    assert min(store.leftovers_ago_ms) >= limits.foreign_leftovers_older_ms
    world.coordinator.ownership.assign(frozenset({0}), 8)
    await until(lambda: min(store.leftovers_ago_ms) < limits.foreign_leftovers_older_ms)
    assert store.wake_ups_ahead_ms[-1] > 0


async def test_a_saga_ahead_of_its_row_is_loaded_once(new_world: NewWorld) -> None:
    """A row that is early wakes its saga once; then its true time is remembered, and the sweep passes over it."""
    first = new_world(broker=MemoryBroker(lambda row: None))
    await first.coordinator.start()
    await first.coordinator.intake.submit("buy:1", start("buy", "book"))
    await first.coordinator.stop()
    [(wake_at, _, shard)] = await first.store.due(2**60, 1)
    store = WrappedStore(first.store)
    store.early = Due(wake_at - 19_999, "buy:1", shard)
    world = new_world(wrapped=store, warm_sagas=0)
    await world.coordinator.start()
    await until(lambda: len(store.pages) >= 20)
    assert store.loads == [["buy:1"]]
    assert world.coordinator.timers.due("buy:1") == wake_at


class Backlog(WrappedStore):
    """A table with 25,000 sagas that are long overdue, which no wake-up changes."""

    rows = tuple(Due(number, f"buy:{number:05}", 0) for number in range(25_000))

    async def due(self, before: int, limit: int, after: tuple[int, str] | None = None) -> Sequence[Due]:
        first = 0 if after is None else max(0, after[0] + 1)
        self.pages.append(self.rows[first : first + limit])
        await asyncio.sleep(0)
        return self.pages[-1]


async def test_a_flood_of_wake_ups_is_brought_in_parts(new_world: NewWorld) -> None:
    """Those due first; and again from there, until they are through. Memory and reading are bounded (T2): those that
    are under way when a sweep comes by may cost it a page more."""
    store = Backlog(MemoryStore())
    world = new_world(wrapped=store)
    await world.coordinator.start()
    await until(lambda: sum(page[0][0] == 0 for page in store.pages) >= 3)
    assert max(page[0][0] for page in store.pages) <= 10_000
    assert len(world.coordinator.timers) <= 11_000


class Parked(WrappedStore):
    """A table with 5,000 sagas that are parked for their code, and a database that is slow to commit."""

    ids = tuple(f"buy:{number:05}" for number in range(5_000))

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.gate = asyncio.Event()
        self.reads: list[str] = []

    async def parked_for_code(self, limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        self.reads.append(after)
        first = bisect_right(self.ids, after)
        return [(saga_id, 0) for saga_id in self.ids[first : first + limit]]


async def test_timers_do_not_wait_for_sagas_that_are_resumed(new_world: NewWorld) -> None:
    """A deployment may resume very many: what the intake has no room for is offered by later sweeps."""
    store = Parked(MemoryStore())
    world = new_world(wrapped=store, facts_high=1_500, facts_low=100, batches_in_flight=1)
    intake = world.coordinator.intake
    await world.coordinator.start()
    intake.offer("long_nap:1", start("long_nap", "book"), lambda _: None)
    await until(lambda: len(store.pages) >= 5)
    assert (intake.full, store.reads) == (True, ["", "buy:00999"])
    assert store.gate is not None
    store.gate.set()
    await until(lambda: store.reads[-1] == "buy:04999")
    assert store.reads == ["", *(f"buy:0{page}999" for page in range(5))]


async def test_the_sweep_goes_on_after_an_outage(new_world: NewWorld) -> None:
    """It is a loop, not an event at start-up."""
    store = await crashed(new_world, "buy", "book")
    store.unavailable = True
    world = new_world(store=store, leftovers_older_ms=20)
    await world.coordinator.start()
    await until(lambda: not world.coordinator.ready.ready)
    store.unavailable = False
    assert await ended(world, "buy:1") is Status.COMPLETED


def rows(*ids: str) -> list[OutboxRow]:
    return [OutboxRow(each, 1, each.removesuffix(":undo").rpartition(":")[0], "t", (), b"") for each in ids]


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        (["s:a:1", "s:a:2", "s:b:1"], ["s:a:1", "s:a:2"]),
        (["s:a:1", "s:a:2"], ["s:a:1", "s:a:2"]),
    ],
)
def test_a_page_is_cut_between_sagas(page: list[str], kept: list[str]) -> None:
    """The rows of one saga are sent together, unless they fill a page by themselves."""
    assert [row.command_id for row in whole_sagas(rows(*page))] == kept


def test_leftovers_go_out_in_the_order_of_their_steps() -> None:
    """Not in the alphabet's: step 2 before step 10, commands before undos, undos backwards."""
    found = in_order(rows("s:a:1:undo", "s:a:10", "s:a:10:undo", "s:a:2"))
    assert [row.command_id for row in found] == ["s:a:2", "s:a:10", "s:a:10:undo", "s:a:1:undo"]
