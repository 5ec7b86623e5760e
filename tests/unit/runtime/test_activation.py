"""Batches: what goes together, and what goes on during a commit."""

import asyncio

from coordinator.engine.facts import Accepted, Conflict, Known, Start, Verdict
from coordinator.engine.status import Status
from coordinator.runtime.coordinator import Coordinator
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.sagas import DONE, start
from tests.unit.runtime.until import until
from tests.unit.runtime.wrapped_store import WrappedStore


async def finish(coordinator: Coordinator, saga_id: str, fact: Start) -> Status:
    """Starts the saga and waits for its end."""
    ending = asyncio.create_task(coordinator.watchers.ended(saga_id, 5))
    await asyncio.sleep(0)
    await coordinator.intake.submit(saga_id, fact)
    decision = await ending
    assert decision is not None
    return decision.status


async def test_a_saga_goes_through(world: World) -> None:
    """From a start to its end: two commands go out, the history has it all, the outbox is empty."""
    assert await finish(world.coordinator, "buy:1", start("buy", "book")) is Status.COMPLETED
    assert [row.command_id for row in world.broker.published] == ["buy:1:1", "buy:1:2"]
    view = await world.store.saga("buy:1")
    assert view is not None
    assert view.outcome is not None
    assert (view.status, bytes(view.outcome), view.wake_at) == ("completed", b'{"result":"done"}', None)


async def test_a_thousand_sagas_share_few_transactions(new_world: NewWorld) -> None:
    """What queued up is one batch, up to its largest size."""
    world = new_world(batch_sagas=500, first_steps=1_000)
    await world.coordinator.start()
    await asyncio.gather(*(finish(world.coordinator, f"buy:{n}", start("buy", "book")) for n in range(1_000)))
    assert world.observer.sizes[:2] == [500, 500]
    assert len(world.observer.sizes) < 20


async def test_the_same_start_twice_is_one_saga(world: World) -> None:
    """Idempotent by key and input; the same key with another input is a conflict."""
    verdicts = await asyncio.gather(
        *(world.coordinator.intake.submit("buy:1", start("buy", item)) for item in ("book", "book", "pen"))
    )
    assert verdicts[:2] == [Accepted(), Known()]
    assert isinstance(verdicts[2], Conflict)


async def test_batches_in_flight_are_disjoint(new_world: NewWorld) -> None:
    """While a saga's commit is under way, other sagas are committed, and its own facts wait."""
    store = WrappedStore(MemoryStore())
    world = new_world(wrapped=store, batches_in_flight=2)
    store.gate = asyncio.Event()
    submit = world.coordinator.intake.submit
    asked = [asyncio.create_task(submit("buy:1", start("buy", "book")))]
    await until(lambda: len(store.commits) >= 1)
    asked.append(asyncio.create_task(submit("buy:1", start("buy", "book"))))
    asked.append(asyncio.create_task(submit("buy:2", start("buy", "book"))))
    await until(lambda: len(store.commits) >= 2)
    assert [[write.saga_id for write in writes] for writes in store.commits] == [["buy:1"], ["buy:2"]]
    store.gate.set()
    assert await asyncio.gather(*asked) == [Accepted(), Known(), Accepted()]


async def test_no_third_batch_is_started(new_world: NewWorld) -> None:
    """What comes while all places are taken becomes one batch."""
    store = WrappedStore(MemoryStore())
    world = new_world(wrapped=store, batches_in_flight=1)
    store.gate = asyncio.Event()
    asked = [asyncio.create_task(world.coordinator.intake.submit("buy:0", start("buy", "book")))]
    await until(lambda: store.commits)
    for number in range(1, 6):
        asked.append(asyncio.create_task(world.coordinator.intake.submit(f"buy:{number}", start("buy", "book"))))
        await asyncio.sleep(0)
    store.gate.set()
    await asyncio.gather(*asked)
    assert [len(writes) for writes in store.commits[:2]] == [1, 5]


async def test_one_query_loads_the_cold_sagas(world: World, new_world: NewWorld) -> None:
    """Sagas that are warm are not loaded; the others are, together."""
    store = WrappedStore(world.store)
    other = new_world(wrapped=store, broker=MemoryBroker(lambda row: None))
    await other.coordinator.start()
    for each in range(3):
        await other.coordinator.intake.submit(f"buy:{each}", start("buy", "book"))
    loaded = len(store.loads)
    rows = await other.broker.until_published(3)
    for row in rows:
        other.broker.reply(row, DONE)
    await other.broker.until_published(6)
    assert store.loads[loaded:] == []


async def test_a_start_is_not_looked_up_first(new_world: NewWorld) -> None:
    """A saga about to be started is taken for a new one; when it exists after all, the fence tells."""
    store = WrappedStore(MemoryStore())
    world = new_world(wrapped=store, broker=MemoryBroker(lambda row: None, frozenset()))
    submit = world.coordinator.intake.submit
    assert await submit("buy:1", start("buy", "book")) == Accepted()
    assert store.loads == []
    assert await submit("buy:1", start("buy", "book")) == Known()
    assert isinstance(await submit("buy:1", start("buy", "pen")), Conflict)
    assert store.loads == [["buy:1"], ["buy:1"]]
    assert world.observer.lost == 0


async def test_sagas_of_others_are_not_kept(new_world: NewWorld) -> None:
    """A saga may be started anywhere, but stays warm only where its replies come in."""
    world = new_world(broker=MemoryBroker(lambda row: None, frozenset()))
    await world.coordinator.start()
    await world.coordinator.intake.submit("buy:1", start("buy", "book"))
    assert (len(world.coordinator.warm), len(world.coordinator.timers)) == (0, 0)


async def test_ended_sagas_leave_the_memory(world: World) -> None:
    """Neither a warm copy nor a timer stays behind."""
    await finish(world.coordinator, "buy:1", start("buy", "book"))
    assert (len(world.coordinator.warm), len(world.coordinator.timers)) == (0, 0)


async def test_a_saga_that_is_loaded_is_shown_with_its_rows(world: World, new_world: NewWorld) -> None:
    """An observer learns what a machine was rebuilt from, and what is followed of it since comes with its decisions."""
    silent = MemoryBroker(lambda row: None)
    first = new_world(store=world.store, broker=silent)
    await first.coordinator.start()
    await first.coordinator.intake.submit("buy:1", start("buy", "book"))
    [row] = await silent.until_published(1)
    world.broker.reply(row, DONE)
    await world.broker.until_published(1)
    [(steps, rows)] = world.observer.loaded
    assert [[type(event).__name__ for event in row] for row in rows] == [["SagaStarted", "StepIssued"]]
    resumed = world.observer.items[0]
    assert resumed.steps is steps
    assert (resumed.machine.definition, resumed.machine.version, resumed.decision.seq) == ("buy", 1, 2)


async def test_what_is_followed_of_a_saga_stays_with_it(world: World) -> None:
    """As long as it is in memory; another saga has its own."""
    for saga_id in ("buy:1", "buy:2"):
        await finish(world.coordinator, saga_id, start("buy", "book"))
    followed = {item.steps for item in world.observer.items}
    assert sorted(steps.saga_id for steps in followed) == ["buy:1", "buy:2"]


async def test_an_answer_that_raises_harms_nobody(world: World) -> None:
    """The batch goes on, and so does the saga."""

    def raises(verdict: Verdict) -> None:
        raise RuntimeError("Whoever asked has a bug.")

    ending = asyncio.create_task(world.coordinator.watchers.ended("buy:1", 5))
    await asyncio.sleep(0)
    world.coordinator.intake.offer("buy:1", start("buy", "book"), raises)
    decision = await ending
    assert decision is not None
    assert decision.status is Status.COMPLETED
