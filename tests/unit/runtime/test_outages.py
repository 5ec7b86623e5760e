"""Postgres away, commits without an answer, values and sagas that fail: facts are kept, others are not disturbed."""

import asyncio

import pytest

from contracts.answers import Success
from contracts.values import NULL
from coordinator.engine.facts import Accepted, Cancel, Ignored, Reply, Verdict
from coordinator.runtime.machines import EngineMachines, SagaMachine
from coordinator.runtime.ports import OutcomeUnknown, StoreUnavailable
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.sagas import DEFINITIONS, start
from tests.unit.runtime.until import until
from tests.unit.runtime.wrapped_store import WrappedStore


async def test_facts_wait_until_postgres_is_back(world: World) -> None:
    """Nothing is lost, and readiness says why nothing happens."""
    world.store.unavailable = True
    asked = asyncio.create_task(world.coordinator.intake.submit("buy:1", start("buy", "book")))
    await until(lambda: world.observer.outages >= 3)
    assert not asked.done()
    assert not world.coordinator.ready.ready
    assert "Postgres" in world.coordinator.ready.reason
    world.store.unavailable = False
    assert await asked == Accepted()
    await world.broker.until_published(2)
    await until(lambda: world.coordinator.ready.ready)


@pytest.mark.parametrize("error", [StoreUnavailable("away"), OutcomeUnknown("broken off")])
async def test_a_failed_commit_is_made_again_from_the_log(new_world: NewWorld, error: Exception) -> None:
    """Nothing is taken for committed that is not: the facts are applied once, and their commands go out."""
    store = WrappedStore(MemoryStore())
    world = new_world(wrapped=store)
    await world.coordinator.start()
    store.fail_next.append(error)
    assert await world.coordinator.intake.submit("buy:1", start("buy", "book")) == Accepted()
    assert isinstance(error, StoreUnavailable) or store.loads[:1] == [["buy:1"]]
    await world.broker.until_published(2)


async def test_a_commit_that_landed_without_an_answer_is_published(new_world: NewWorld) -> None:
    """The facts are found in the log, and the rows that nobody would send are read back and sent."""
    world = new_world(leftovers_older_ms=10**9, broker=MemoryBroker(lambda row: None))
    world.store.lose_next_answer = True
    await world.coordinator.start()
    verdict = await world.coordinator.intake.submit("buy:1", start("buy", "book"))
    assert not isinstance(verdict, Ignored)
    [row] = await world.broker.until_published(1)
    assert row.command_id == "buy:1:1"
    assert [each.seq for each in await world.store.history("buy:1")] == [1]


async def test_a_repeated_answer_after_a_doubt_is_known(new_world: NewWorld) -> None:
    """The reply whose commit landed unseen is not set aside as stale."""
    world = new_world(leftovers_older_ms=10**9)
    await world.coordinator.start()
    ending = asyncio.create_task(world.coordinator.watchers.ended("buy:1", 5))
    await world.coordinator.intake.submit("buy:1", start("buy", "book"))
    world.store.lose_next_answer = True
    assert await ending is not None
    assert not any(isinstance(verdict, Ignored) for verdict in world.broker.verdicts)


async def test_what_was_refused_before_a_doubt_is_not_known_after_it(new_world: NewWorld) -> None:
    """Only what the lost commit may have kept: a reply to a step that never was is told so, and set aside."""
    world = new_world(leftovers_older_ms=10**9, broker=MemoryBroker(lambda row: None))
    await world.coordinator.start()
    await world.coordinator.intake.submit("buy:1", start("buy", "book"))
    world.store.lose_next_answer = True
    verdicts: list[Verdict] = []
    for fact in (Reply("buy:1:99", 1, Success(NULL)), Cancel("changed my mind")):
        world.coordinator.intake.offer("buy:1", fact, verdicts.append)
    await world.coordinator.activation.drained()
    assert [type(verdict).__name__ for verdict in verdicts] == ["Ignored", "Known"]


async def test_a_value_the_database_refuses_harms_only_its_own_facts(new_world: NewWorld) -> None:
    """The others of the batch are committed; the culprit is told, and nothing of it is kept."""
    store = WrappedStore(MemoryStore())
    store.refused = {"buy:2"}
    world = new_world(wrapped=store)
    await world.coordinator.start()
    verdicts = await asyncio.gather(
        *(world.coordinator.intake.submit(f"buy:{n}", start("buy", "book")) for n in range(4))
    )
    assert [type(verdict).__name__ for verdict in verdicts] == ["Accepted", "Accepted", "Ignored", "Accepted"]
    assert await store.saga("buy:2") is None


async def test_of_several_facts_only_the_refused_is_given_up(new_world: NewWorld) -> None:
    """They are tried one by one."""
    store = WrappedStore(MemoryStore())
    world = new_world(wrapped=store, broker=MemoryBroker(lambda row: None))
    await world.coordinator.start()
    await world.coordinator.intake.submit("buy:1", start("buy", "book"))
    store.fail_next = [ValueError("no"), ValueError("no"), ValueError("no"), ValueError("no")]
    verdicts: list[Verdict] = []
    world.coordinator.intake.offer("buy:1", Cancel("one"), verdicts.append)
    world.coordinator.intake.offer("buy:1", Cancel("two"), verdicts.append)
    await world.coordinator.activation.drained()
    assert [type(verdict).__name__ for verdict in verdicts] == ["Ignored", "Accepted"]


class Failing(EngineMachines):
    """The machines of one saga fail, those of the others count their turns."""

    def __init__(self) -> None:
        super().__init__(DEFINITIONS)
        self.made: list[str] = []

    def new(self, saga_id: str) -> SagaMachine:
        self.made.append(saga_id)
        if saga_id == "buy:2":
            raise RuntimeError("a bug")
        return super().new(saga_id)


async def test_a_saga_on_which_the_engine_fails_harms_no_other(new_world: NewWorld) -> None:
    """Its fact is tried a few times and then given up with the error's words."""
    machines = Failing()
    world = new_world(machines=machines)
    await world.coordinator.start()
    verdicts = await asyncio.gather(
        *(world.coordinator.intake.submit(f"buy:{n}", start("buy", "book")) for n in range(4))
    )
    assert [type(verdict).__name__ for verdict in verdicts] == ["Accepted", "Accepted", "Ignored", "Accepted"]
    assert isinstance(verdicts[2], Ignored)
    assert "a bug" in verdicts[2].reason
    assert machines.made.count("buy:2") == 4


async def test_a_long_batch_lets_others_run(new_world: NewWorld) -> None:
    """Between two slices of engine work the event loop gets its turn."""
    machines = Failing()
    world = new_world(machines=machines, engine_slice_ms=0.0)
    asked = asyncio.gather(
        *(world.coordinator.intake.submit(f"buy:{n}", start("buy", "book")) for n in range(100, 150))
    )
    seen: set[int] = set()
    while not asked.done():
        seen.add(len(machines.made))
        await asyncio.sleep(0)
    assert len(seen) > 25
