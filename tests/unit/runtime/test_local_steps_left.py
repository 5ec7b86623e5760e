"""Local steps that outlive a coordinator, a pause, or the interest in them: run again, elsewhere, or not at all."""

import asyncio
from functools import partial

import msgspec
import pytest

from contracts.answers import Success
from coordinator.engine.awaited import awaited
from coordinator.engine.evolve import evolved
from coordinator.engine.facts import Accepted, Cancel, Pause, Reply, Resume, Terminate
from coordinator.engine.status import Status
from coordinator.saga import current_step
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld
from tests.unit.runtime.errands import ERRANDS, Hand, found, never, once
from tests.unit.runtime.local_world import begun, history, kinds, left_behind, local_world, outbox_is_empty, status_of
from tests.unit.runtime.sagas import start, success
from tests.unit.runtime.until import until, until_soon
from tests.unit.runtime.wrapped_store import WrappedStore

pytestmark = pytest.mark.usefixtures("hand")


async def test_what_was_not_committed_is_run_again(new_world: NewWorld, hand: Hand) -> None:
    """The process dies between the body's end and the commit of its answer: at least once, not exactly once."""
    store = WrappedStore(MemoryStore())
    world = new_world(wrapped=store, definitions=ERRANDS)
    await world.coordinator.start()
    store.gate = asyncio.Event()
    asked = asyncio.create_task(begun(world))
    await until(lambda: store.commits)
    store.gate.set()
    await asked
    store.gate = asyncio.Event()
    await until(lambda: len(store.commits) == 2 and hand.ended)
    await world.coordinator.stop()
    second = await local_world(new_world, store=store._store)
    saga_id = "fetch:1"
    assert await status_of(second, saga_id) is Status.COMPLETED
    assert hand.begun == ["find 1", "find 1"]


async def test_a_stop_waits_for_bodies(new_world: NewWorld, hand: Hand) -> None:
    """One that ends in time is not run again."""
    go_on = asyncio.Event()
    hand.find = once(go_on)
    world = await local_world(new_world, stop_s=20)
    saga_id = await begun(world)
    await until(lambda: hand.begun)
    stopping = asyncio.create_task(world.coordinator.stop())
    await until(lambda: not world.coordinator.ready.ready)
    go_on.set()
    await stopping
    assert (await kinds(world.store, saga_id))[-1] == "SagaCompleted"
    assert await world.store.outbox_of([saga_id]) == []


async def test_the_next_coordinator_runs_what_was_left(new_world: NewWorld, hand: Hand) -> None:
    """A body that does not end in time is cancelled, and its row stays."""
    world, saga_id = await left_behind(new_world, hand)
    assert hand.ended == ["find 1"]
    hand.find = found
    second = await local_world(new_world, store=world.store)
    assert await status_of(second, saga_id) is Status.COMPLETED
    assert hand.begun == ["find 1", "find 1"]


async def test_the_next_coordinator_knows_how_far_the_body_got(new_world: NewWorld, hand: Hand) -> None:
    """The same attempt is run again, and goes on where the history says that it was."""
    known, told = list[int | None](), asyncio.Event()

    async def goes_on(item: str) -> str:
        known.append(last := current_step().last_progress(int))
        if last is None:
            await current_step().progress(7)
            told.set()
            await never(item)
        return item

    hand.find = goes_on
    world = await local_world(new_world, stop_s=0.01)
    saga_id = await begun(world)
    await told.wait()
    await world.coordinator.stop()
    second = await local_world(new_world, store=world.store)
    assert await status_of(second, saga_id) is Status.COMPLETED
    assert (hand.begun, known) == (["find 1", "find 1"], [None, 7])


async def test_only_the_owner_runs_it(new_world: NewWorld, hand: Hand) -> None:
    """What another coordinator decides, it finds in the outbox: here the undo, which waits for the body to end."""
    hand.find = never
    ours = await local_world(new_world)
    saga_id = await begun(ours)
    await until(lambda: hand.begun)
    theirs = await local_world(new_world, store=ours.store, broker=MemoryBroker(success, frozenset()))
    await theirs.coordinator.intake.submit(saga_id, Cancel())
    assert theirs.coordinator.local is not None
    assert (theirs.coordinator.local.running, theirs.coordinator.local.waiting) == (0, 0)
    assert await status_of(ours, saga_id) is Status.COMPENSATED
    assert (hand.begun, hand.ended) == (["find 1", "undo 1"], ["find 1", "undo 1"])


async def test_what_is_handed_over_ends_here(new_world: NewWorld, hand: Hand) -> None:
    """Its shard belongs to another coordinator: the body is cancelled, and run there."""
    hand.find = never
    ours = await local_world(new_world)
    saga_id = await begun(ours)
    await until(lambda: hand.begun)
    theirs = await local_world(new_world, store=ours.store, broker=MemoryBroker(success, frozenset()))
    ours.coordinator.ownership.assign(frozenset(), 8)
    await until(lambda: hand.ended)
    hand.find = found
    theirs.coordinator.ownership.assign(frozenset(range(8)), 8)
    assert await status_of(theirs, saga_id) is Status.COMPLETED
    assert hand.begun == ["find 1", "find 1"]


async def test_nothing_is_begun_in_a_pause(new_world: NewWorld, hand: Hand) -> None:
    """A row that is found then waits until the saga goes on."""
    hand.find = never
    world = await local_world(new_world, stop_s=0.01)
    saga_id = await begun(world)
    await until(lambda: hand.begun)
    await world.coordinator.intake.submit(saga_id, Pause())
    await world.coordinator.stop()
    hand.find = found
    store = WrappedStore(world.store)
    second = new_world(store=world.store, wrapped=store, definitions=ERRANDS)
    await second.coordinator.start()
    await until_soon(lambda: second.coordinator.local is not None and second.coordinator.local.held)
    assert hand.begun == ["find 1"]
    await second.coordinator.intake.submit(saga_id, Resume())
    assert await status_of(second, saga_id) is Status.COMPLETED
    assert hand.begun == ["find 1", "find 1"]


async def test_a_body_goes_on_in_a_pause(new_world: NewWorld, hand: Hand) -> None:
    """However long that takes; what it answers is kept, and the saga goes on with it."""
    go_on = asyncio.Event()
    hand.find = once(go_on)
    world = await local_world(new_world)
    saga_id = await begun(world, "fetch_quickly")
    await until(lambda: hand.begun)
    await world.coordinator.intake.submit(saga_id, Pause())
    past_its_time = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, past_its_time.set)
    await past_its_time.wait()
    assert hand.ended == []
    go_on.set()
    await outbox_is_empty(world, saga_id)
    assert (await kinds(world.store, saga_id))[-1] == "ReplyDeferred"
    await world.coordinator.intake.submit(saga_id, Resume())
    assert await status_of(world, saga_id) is Status.COMPLETED
    assert hand.begun == ["hurry 1"]


async def test_what_was_read_before_the_last_decision(new_world: NewWorld, hand: Hand) -> None:
    """The sweep reads a history in which the step is out, and meanwhile it is answered: the body is not run again."""
    world, saga_id = await left_behind(new_world, hand)
    hand.find = found
    store = WrappedStore(world.store)
    late = store.late = asyncio.Event()
    second = new_world(store=world.store, wrapped=store, definitions=ERRANDS, sweep_every_ms=5)
    await second.coordinator.start()
    await until_soon(lambda: store.loads)
    answer = Reply(f"{saga_id}:1", 1, Success(msgspec.Raw(b'"keys"')))
    assert await second.coordinator.intake.verdict(saga_id, answer) == Accepted()
    late.set()
    assert await status_of(second, saga_id) is Status.COMPLETED
    await outbox_is_empty(second, saga_id)
    assert hand.begun == ["find 1"]


async def test_what_is_known_too_late_ends_nothing(new_world: NewWorld, hand: Hand) -> None:
    """The answer to a commit comes after somebody has gone on from there, and that was found: the body runs on."""
    go_on = asyncio.Event()
    hand.find = once(go_on)
    world = await local_world(new_world)
    saga_id = await begun(world)
    await until(lambda: hand.begun)
    before = evolved((await history(world.store, saga_id))[:1])
    assert world.coordinator.local is not None
    world.coordinator.local.decided(saga_id, partial(awaited, before))
    go_on.set()
    assert await status_of(world, saga_id) is Status.COMPLETED
    assert hand.begun == ["find 1"]


async def test_a_row_that_nobody_waits_for_is_deleted(new_world: NewWorld, hand: Hand) -> None:
    """A crash left it, and the step is settled meanwhile: nothing is run for it."""
    world, saga_id = await left_behind(new_world, hand)
    elsewhere = new_world(store=world.store, broker=MemoryBroker(success, frozenset()))  # without local steps
    await elsewhere.coordinator.start()
    await elsewhere.coordinator.intake.submit(saga_id, Terminate("enough"))
    await elsewhere.coordinator.stop()
    assert len(await world.store.outbox_of([saga_id])) == 1
    last = await local_world(new_world, store=world.store)
    await outbox_is_empty(last, saga_id)
    assert hand.begun == ["find 1"]


async def test_it_never_goes_to_kafka(new_world: NewWorld, hand: Hand) -> None:
    """Neither from a coordinator that has no such contract, nor after a commit that may have taken effect."""
    world, saga_id = await left_behind(new_world, hand)
    rows = await world.store.outbox_of([saga_id])
    other = new_world(store=world.store, leftovers_older_ms=0, foreign_leftovers_older_ms=0)
    await other.coordinator.start()
    assert other.coordinator.relay.offer_again(rows) == 0
    await other.coordinator.intake.submit("buy:1", start("buy", "book"))
    assert await status_of(other, "buy:1") is Status.COMPLETED
    assert {row.saga_id for row in other.broker.published} == {"buy:1"}
    assert await world.store.outbox_of([saga_id]) == rows


async def test_a_commit_that_may_have_taken_effect(new_world: NewWorld, hand: Hand) -> None:
    """The row is found again, and the body is run once."""
    world = await local_world(new_world)
    world.store.lose_next_answer = True
    saga_id = await begun(world)
    assert await status_of(world, saga_id) is Status.COMPLETED
    assert hand.begun == ["find 1"]


async def test_a_body_whose_time_is_up_while_its_saga_has_ended_elsewhere(new_world: NewWorld, hand: Hand) -> None:
    """Nothing more will ever be decided on the saga here: the sweep has to look, or the row stays for good."""
    hand.find = never
    ours = await local_world(new_world)
    saga_id = await begun(ours, "fetch_quickly")
    await until(lambda: hand.begun)
    theirs = await local_world(new_world, store=ours.store, broker=MemoryBroker(success, frozenset()))
    await theirs.coordinator.intake.submit(saga_id, Terminate("enough"))
    await until_soon(lambda: hand.ended)
    await outbox_is_empty(ours, saga_id)
    assert ours.coordinator.local is not None
    assert (hand.begun, ours.coordinator.local.room) == (["hurry 1"], True)
