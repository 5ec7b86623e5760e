"""Local steps: bodies run on the coordinator, at least once, and never when nobody waits for them."""

import asyncio
import time

import pytest

from contracts import Failed, Problem, Refused
from contracts.answers import Refusal
from contracts.values import UnreadableValue
from coordinator.engine.facts import Cancel, Pause, Resume, Terminate
from coordinator.engine.status import Status
from coordinator.runtime.ports import Confirmed
from coordinator.saga import current_step
from coordinator.saga.local_steps import OutsideOfLocalStep
from tests.fakes.memory_broker import MemoryBroker
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.errands import Hand, never, once
from tests.unit.runtime.local_world import begun, history, kinds, local_world, outbox_is_empty, status_of
from tests.unit.runtime.until import until, until_soon

pytestmark = pytest.mark.usefixtures("hand")


async def test_a_body_is_run_and_its_result_kept(new_world: NewWorld, hand: Hand) -> None:
    """It is not published, its row is deleted, and the saga goes on with what it returned."""
    world = await local_world(new_world)
    saga_id = await begun(world)
    assert await status_of(world, saga_id) is Status.COMPLETED
    assert hand.begun == ["find 1"]
    assert await kinds(world.store, saga_id) == ["SagaStarted", "StepIssued", "StepSucceeded", "SagaCompleted"]
    await outbox_is_empty(world, saga_id)
    assert world.broker.published == []


async def test_participants_steps_go_to_kafka_beside_it(new_world: NewWorld) -> None:
    """Only the local one stays here."""
    world = await local_world(new_world)
    saga_id = await begun(world, "fetch_and_buy")
    assert await status_of(world, saga_id) is Status.COMPLETED
    assert [row.command_id for row in world.broker.published] == [f"{saga_id}:2"]


async def test_what_a_body_raises_is_tried_again(new_world: NewWorld, hand: Hand) -> None:
    """An exception that nobody expected is a failure of the attempt."""

    async def at_the_third(item: str) -> str:
        if len(hand.begun) < 3:
            raise OSError("The line is dead.")
        return item

    hand.find = at_the_third
    world = await local_world(new_world)
    saga_id = await begun(world)
    assert await status_of(world, saga_id) is Status.COMPLETED
    assert hand.begun == ["find 1", "find 2", "find 3"]
    first = next(event for event in await history(world.store, saga_id) if type(event).__name__ == "StepAttemptFailed")
    assert (first.problem.type, first.problem.message) == ("OSError", "The line is dead.")


async def test_a_no_is_a_no(new_world: NewWorld, hand: Hand) -> None:
    """Refused is not tried again."""

    async def refused(item: str) -> str:
        raise Refused("lost")

    hand.find = refused
    world = await local_world(new_world)
    saga_id = await begun(world)
    assert await status_of(world, saga_id) is Status.FAILED
    assert hand.begun == ["find 1"]


async def test_what_is_given_up_is_undone(new_world: NewWorld, hand: Hand) -> None:
    """After all attempts nobody knows what they did; the undo is tried again like any other."""

    async def hopeless(item: str) -> str:
        raise Failed("gone", retryable=False)

    async def undone_at_the_second(item: str) -> str:
        if hand.begun[-1] == "undo 1":
            raise OSError("Not yet.")
        return item

    hand.find, hand.undo = hopeless, undone_at_the_second
    world = await local_world(new_world)
    saga_id = await begun(world)
    assert await status_of(world, saga_id) is Status.COMPENSATED
    assert hand.begun == ["find 1", "undo 1", "undo 2"]
    assert hand.undone_with == [None, None]


async def test_an_undo_is_given_what_the_body_returned(new_world: NewWorld, hand: Hand) -> None:
    """The participant's no sends the saga back."""
    broker = MemoryBroker(lambda row: Refusal(Problem("sold_out")))
    world = await local_world(new_world, broker=broker)
    saga_id = await begun(world, "fetch_and_buy")
    assert await status_of(world, saga_id) is Status.COMPENSATED
    assert hand.undone_with == ["keys found"]


async def test_a_body_is_undone_as_its_call_says(new_world: NewWorld, hand: Hand) -> None:
    """The row of the undo says by which body."""
    broker = MemoryBroker(lambda row: Refusal(Problem("sold_out")))
    world = await local_world(new_world, broker=broker)
    saga_id = await begun(world, "fetch_and_lose")
    assert await status_of(world, saga_id) is Status.COMPENSATED
    assert hand.begun == ["find 1", "lose 1"]


async def test_a_body_that_takes_too_long_is_cancelled(new_world: NewWorld, hand: Hand) -> None:
    """And its undo waits until it has cleaned up."""
    clean = asyncio.Event()

    async def slow_to_end(item: str) -> str:
        try:
            return await never(item)
        finally:
            await clean.wait()

    hand.find = slow_to_end
    world = await local_world(new_world)
    saga_id = await begun(world, "fetch_quickly")
    await until_soon(lambda: world.coordinator.local is not None and world.coordinator.local.waiting)
    assert (hand.begun, hand.ended) == (["hurry 1"], [])
    assert (await kinds(world.store, saga_id))[-1] == "UndoIssued"
    clean.set()
    assert await status_of(world, saga_id) is Status.COMPENSATED
    assert hand.ended == ["hurry 1", "undo 1"]
    assert "StepTimedOut" in await kinds(world.store, saga_id)
    await outbox_is_empty(world, saga_id)


async def test_a_body_knows_how_long_it_may_take(new_world: NewWorld, hand: Hand) -> None:
    """What is left of its timeout, also once it has said that it is still at it; in a pause, as long as it takes."""
    now, left, go_on = time.time_ns() // 1_000_000, list[float | None](), asyncio.Event()

    async def asks(item: str) -> str:
        nonlocal now
        step = current_step()
        now += 15_000
        left.append(step.seconds_left)
        await step.progress()
        left.append(step.seconds_left)
        await go_on.wait()
        left.append(step.seconds_left)
        return item

    hand.find = asks
    world = await local_world(new_world, clock=lambda: now)
    saga_id = await begun(world)
    await until(lambda: len(left) == 2)
    await world.coordinator.intake.submit(saga_id, Pause())
    go_on.set()
    await until(lambda: len(left) == 3)
    await world.coordinator.intake.submit(saga_id, Resume())
    assert await status_of(world, saga_id) is Status.COMPLETED
    assert left == [5.0, 20.0, None]


async def test_a_body_that_cleans_up_is_left_in_peace(new_world: NewWorld, hand: Hand) -> None:
    """Its time is up, it was told so, and it takes as long as it takes: nobody looks at the clock for it again."""
    clean, looks = asyncio.Event(), 0

    async def slow_to_end(item: str) -> str:
        try:
            return await never(item)
        finally:
            await clean.wait()

    def clock() -> int:
        nonlocal looks
        looks += 1
        return time.time_ns() // 1_000_000

    hand.find = slow_to_end
    world = await local_world(new_world, clock=clock, sweep_every_ms=60_000)
    saga_id = await begun(world, "fetch_quickly")
    await until_soon(lambda: world.coordinator.local is not None and world.coordinator.local.waiting)
    before = looks
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert looks - before < 100
    clean.set()
    assert await status_of(world, saga_id) is Status.COMPENSATED


async def test_a_saga_that_is_cancelled_ends_the_body(new_world: NewWorld, hand: Hand) -> None:
    """Then the undo is run, not knowing what was done."""
    hand.find = never
    world = await local_world(new_world)
    saga_id = await begun(world)
    await until(lambda: hand.begun)
    await world.coordinator.intake.submit(saga_id, Cancel())
    assert await status_of(world, saga_id) is Status.COMPENSATED
    assert (hand.ended, hand.undone_with) == (["find 1", "undo 1"], [None])
    await outbox_is_empty(world, saga_id)


async def test_a_saga_that_is_terminated_ends_the_body(new_world: NewWorld, hand: Hand) -> None:
    """Nothing is undone, and nothing is run again."""
    hand.find = never
    world = await local_world(new_world)
    saga_id = await begun(world)
    await until(lambda: hand.begun)
    await world.coordinator.intake.submit(saga_id, Terminate("enough"))
    await until(lambda: hand.ended)
    await outbox_is_empty(world, saga_id)
    assert hand.begun == ["find 1"]


async def test_only_so_many_bodies_run_at_once(new_world: NewWorld, hand: Hand) -> None:
    """The others wait for a place, in memory or in the outbox."""
    gates: list[asyncio.Event] = []
    most = 0

    async def counted(item: str) -> str:
        nonlocal most
        gates.append(gate := asyncio.Event())
        most = max(most, len(gates))
        await gate.wait()
        gates.remove(gate)
        return item

    hand.find = counted
    world = await local_world(new_world, local_steps=2, local_rows=4)
    ids = [await begun(world, key=f"{number}") for number in range(8)]
    assert world.coordinator.local is not None
    await until(lambda: len(gates) == 2 and world.coordinator.local.waiting == 2)
    for _ in ids:
        await until_soon(lambda: gates)
        gates[0].set()
        await asyncio.sleep(0)
    for saga_id in ids:
        assert await status_of(world, saga_id) is Status.COMPLETED
    assert (most, len(hand.begun)) == (2, 8)


async def test_what_waits_for_a_place_is_given_up_unrun(new_world: NewWorld, hand: Hand) -> None:
    """Only its undo is run, once there is a place."""
    go_on = asyncio.Event()
    hand.find = once(go_on)
    world = await local_world(new_world, local_steps=1)
    first, second = [await begun(world, key=f"{number}") for number in (1, 2)]
    await until(lambda: hand.begun)
    await world.coordinator.intake.submit(second, Cancel())
    go_on.set()
    assert await status_of(world, first) is Status.COMPLETED
    assert await status_of(world, second) is Status.COMPENSATED
    assert hand.begun == ["find 1", "undo 1"]


async def test_progress_gives_more_time(new_world: NewWorld, hand: Hand) -> None:
    """The timeout begins anew, for the saga and for the body."""

    async def slowly(item: str) -> str:
        loop = asyncio.get_running_loop()
        for part in range(8):
            later = asyncio.Event()
            loop.call_later(0.02, later.set)
            await later.wait()
            await current_step().progress({"part": part})
        return item

    hand.find = slowly
    world = await local_world(new_world)
    saga_id = await begun(world, "fetch_quickly")
    assert await status_of(world, saga_id) is Status.COMPLETED
    assert (await kinds(world.store, saga_id)).count("StepProgressed") == 8


async def test_the_next_attempt_knows_how_far_the_last_one_got(new_world: NewWorld, hand: Hand) -> None:
    """What it told, as the type that the body asks for; the first one knows of nothing."""
    known: list[dict[str, int] | None] = []

    async def goes_on(item: str) -> str:
        step = current_step()
        known.append(last := step.last_progress(dict[str, int]))
        done = (last or {"done": 0})["done"]
        if done < 2:
            await step.progress({"done": done + 1})
            await step.progress()
            raise OSError("The line is dead.")
        with pytest.raises(UnreadableValue, match="Expected `str`"):
            step.last_progress(str)
        return item

    hand.find = goes_on
    world = await local_world(new_world)
    assert await status_of(world, await begun(world)) is Status.COMPLETED
    assert known == [None, {"done": 1}, {"done": 2}]


async def test_a_body_can_know_what_it_does(new_world: NewWorld, hand: Hand) -> None:
    """Its command's id is the key for whoever it calls."""
    seen: list[tuple[str, int, str, str | None]] = []

    async def looking(item: str) -> str:
        step = current_step()
        seen.append((step.command_id, step.attempt, step.direction, step.cause and step.cause.type))
        raise Failed("gone", retryable=False)

    async def undoing(item: str) -> str:
        step = current_step()
        seen.append((step.command_id, step.attempt, step.direction, step.cause and step.cause.type))
        await step.progress()
        return item

    hand.find, hand.undo = looking, undoing
    world = await local_world(new_world)
    assert await status_of(world, await begun(world)) is Status.COMPENSATED
    assert seen == [("fetch:1:1", 1, "forward", None), ("fetch:1:1:undo", 1, "undo", "gone")]
    with pytest.raises(OutsideOfLocalStep, match="by the body of a local step"):
        current_step()


async def test_where_no_saga_has_local_steps_nothing_is_made(world: World) -> None:
    """And the sweep asks for nothing."""
    assert world.coordinator.local is None


async def test_a_confirmed_row_is_deleted_with_the_next_batch(new_world: NewWorld) -> None:
    """As those that Kafka acknowledged."""
    world = await local_world(new_world)
    world.coordinator.relay.confirm(Confirmed("fetch:1:1", 1))
    assert world.coordinator.relay.take_confirmed() == [Confirmed("fetch:1:1", 1)]
