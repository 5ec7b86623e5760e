"""What becomes of sagas is told: what was asked for, once or more, and in order."""

from typing import get_args

import msgspec
import pytest

from contracts.answers import Answer
from contracts.lifecycle_message import CHANGES as DESCRIBED
from contracts.lifecycle_message import LifecycleMessage
from coordinator.engine.facts import Cancel, Pause, Resume, Start, Terminate
from coordinator.engine.status import Status
from coordinator.history.endings import SagaEnded
from coordinator.runtime.notices import CHANGES, Lifecycle, is_notice
from coordinator.runtime.outbox_order import in_order
from coordinator.runtime.ports import OutboxRow
from coordinator.saga import ContinueAsNew, Definitions, saga
from tests.fakes.memory_broker import MemoryBroker
from tests.unit.engine.stories import STORIES
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.sagas import Shop, start, success
from tests.unit.runtime.until import until


def answering(row: OutboxRow) -> Answer | None:
    return None if is_notice(row) else success(row)


def told(broker: MemoryBroker) -> list[LifecycleMessage]:
    """The notices, in the order in which they were acknowledged."""
    found = [LifecycleMessage.read(row.headers, row.value) for row in broker.published if is_notice(row)]
    return [notice for notice in found if notice is not None]


async def begun(new_world: NewWorld, lifecycle: Lifecycle, broker: MemoryBroker | None = None) -> World:
    world = new_world(broker=broker or MemoryBroker(answering), lifecycle=lifecycle)
    await world.coordinator.start()
    return world


async def ended(world: World, saga_id: str) -> Status:
    decision = await world.coordinator.watchers.ended(saga_id, 10)
    assert decision is not None
    return decision.status


async def test_of_all_that_happens(new_world: NewWorld) -> None:
    """On the topic for it, by the saga's key, with what the saga is found by."""
    world = await begun(new_world, "all")
    await world.coordinator.intake.submit("buy:1", Start("buy", 1, start("buy", "book").input, attributes={"n": 1}))
    assert await ended(world, "buy:1") is Status.COMPLETED
    await until(lambda: len(told(world.broker)) == 2)
    first, last = told(world.broker)
    assert (first.change, first.number, first.saga.status, first.saga.attributes) == ("started", 1, "running", {"n": 1})
    assert (last.change, last.number, last.saga.status) == ("completed", 2, "completed")
    assert last.saga.result == "done"
    rows = [row for row in world.broker.published if is_notice(row)]
    assert {(row.topic, row.saga_id) for row in rows} == {("test.lifecycle", "buy:1")}


@saga(version=1)
async def thrice(round: int, shop: Shop) -> int:
    """Three rounds."""
    await shop.reserve("it")
    if round < 3:
        raise ContinueAsNew(round + 1)
    return round


@pytest.mark.parametrize(("lifecycle", "expected"), [("all", [None, 2, 3, None]), ("ends", [None])])
async def test_rounds(new_world: NewWorld, lifecycle: Lifecycle, expected: list[int | None]) -> None:
    """The end of a round is none of the saga: it is told where all is, with the round that begins."""
    world = new_world(broker=MemoryBroker(answering), lifecycle=lifecycle, definitions=Definitions([thrice]))
    await world.coordinator.start()
    await world.coordinator.intake.submit("thrice:1", Start("thrice", 1, msgspec.Raw(b"1")))
    assert await ended(world, "thrice:1") is Status.COMPLETED
    await until(lambda: len(told(world.broker)) == len(expected))
    assert [notice.saga.round for notice in told(world.broker)] == expected
    assert told(world.broker)[-1].change == "completed"


@pytest.mark.parametrize(("lifecycle", "expected"), [("off", []), ("ends", ["failed"])])
async def test_only_what_was_asked_for(new_world: NewWorld, lifecycle: Lifecycle, expected: list[str]) -> None:
    """Of ends there is one of each saga; its number is the same."""
    world = await begun(new_world, lifecycle)
    await world.coordinator.intake.submit("broken:1", start("broken", "book"))
    await until(lambda: world.coordinator.relay.idle)
    notices = told(world.broker)
    assert [notice.change for notice in notices] == expected
    for notice in notices:
        assert notice.number == 3
        assert notice.saga.problem is not None
        assert (notice.saga.cause, notice.saga.problem.type) == ("refused", "no")


async def test_what_people_do(new_world: NewWorld) -> None:
    """With their reasons."""
    world = await begun(new_world, "all")
    submit = world.coordinator.intake.submit
    await submit("nap:1", start("nap", 1_000))
    await submit("nap:1", Pause("let me see"))
    await submit("nap:1", Resume("seen"))
    await submit("nap:1", Terminate("enough"))
    await until(lambda: len(told(world.broker)) == 4)
    notices = told(world.broker)
    assert [(notice.change, notice.number) for notice in notices] == [
        ("started", 1),
        ("paused", 2),
        ("resumed", 3),
        ("terminated", 4),
    ]
    assert [notice.saga.reason for notice in notices] == [None, "let me see", "seen", None]
    problem = notices[-1].saga.problem
    assert problem is not None
    assert (problem.type, problem.message) == ("terminated", "enough")


async def test_several_of_one_decision(new_world: NewWorld) -> None:
    """In the order in which it happened."""
    world = await begun(new_world, "all")
    await world.coordinator.intake.submit("nap:1", start("nap", 1_000))
    await world.coordinator.intake.submit("nap:1", Cancel("not tired"))
    await until(lambda: len(told(world.broker)) == 3)
    notices = told(world.broker)
    assert [(notice.change, notice.saga.status) for notice in notices] == [
        ("started", "running"),
        ("compensating", "failed"),
        ("failed", "failed"),
    ]
    assert [notice.saga.cause for notice in notices] == [None, "cancelled", "cancelled"]


async def test_what_a_crash_left_goes_out_first(new_world: NewWorld) -> None:
    """Whoever takes the saga over tells what its predecessor could not, before what it decides itself."""
    away = MemoryBroker(answering)
    away.unavailable = True
    world = await begun(new_world, "all", away)
    await world.coordinator.intake.submit("nap:1", start("nap", 1_000))
    await world.coordinator.stop()
    heir = new_world(store=world.store, broker=MemoryBroker(answering), lifecycle="all", leftovers_older_ms=3_600_000)
    await heir.coordinator.start()
    await heir.coordinator.intake.submit("nap:1", Terminate("enough"))
    await until(lambda: len(told(heir.broker)) == 2)
    assert [notice.change for notice in told(heir.broker)] == ["started", "terminated"]


async def test_the_sweep_sends_what_is_left(new_world: NewWorld) -> None:
    """Of a saga to which nothing more happens, too."""
    away = MemoryBroker(answering)
    away.unavailable = True
    world = await begun(new_world, "ends", away)
    await world.coordinator.intake.submit("broken:1", start("broken", "book"))
    await world.coordinator.stop()
    heir = new_world(store=world.store, broker=MemoryBroker(answering), leftovers_older_ms=1)
    await heir.coordinator.start()
    await until(lambda: len(told(heir.broker)) == 1)
    assert told(heir.broker)[0].change == "failed"


async def test_rows_of_the_outbox_in_order() -> None:
    """Commands, undos, notices by number."""
    ids = ["a:1:10:lifecycle", "a:1:2:lifecycle", "a:1:2:undo", "a:1:10", "a:1:2"]
    rows = [OutboxRow(id, 1, "a:1", "t", (), b"") for id in ids]
    assert [row.command_id for row in in_order(rows)] == [*reversed(ids[3:]), ids[2], ids[1], ids[0]]


def test_each_change_is_counted_once() -> None:
    """What is told of, the state counts: a number is never given twice, and none is left out."""
    for story in STORIES:
        driver = story()
        events = driver.history
        assert driver.machine.state.moves == sum(type(event) in CHANGES for event in events)


def test_every_end_is_told() -> None:
    """And every change that is described can happen."""
    assert set(get_args(SagaEnded)) <= CHANGES.keys()
    assert set(CHANGES.values()) == set(DESCRIBED)
    assert {status.value for status in Status if status.ended} <= set(DESCRIBED)
