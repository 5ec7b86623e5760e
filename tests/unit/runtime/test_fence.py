"""Two coordinators on one log: whoever's row lands first wins, and nothing is lost or done twice."""

import asyncio

from contracts.answers import Success
from contracts.values import NULL
from coordinator.engine.facts import Accepted, Cancel, Known, Pause, Reply, Resume, Verdict
from coordinator.history.codec import read_events
from coordinator.runtime.ports import SagaPage
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.sagas import DONE, start, success
from tests.unit.runtime.until import until
from tests.unit.runtime.wrapped_store import WrappedStore


def silent() -> MemoryBroker:
    """Participants that never answer."""
    return MemoryBroker(lambda row: None)


async def kinds(store: MemoryStore, saga_id: str) -> list[str]:
    """The events of the saga's history."""
    rows = await store.history(saga_id)
    return [type(event).__name__ for row in rows for event in read_events(bytes(row.events))]


async def two_of_which_one_is_behind(new_world: NewWorld) -> tuple[World, World]:
    """Two coordinators on one store; the first has begun a saga, and knows nothing of what the second does with it."""
    ours = new_world(broker=silent())
    theirs = new_world(store=ours.store, broker=silent())
    await ours.coordinator.start()
    await theirs.coordinator.start()
    await ours.coordinator.intake.submit("buy:1", start("buy", "book"))
    return ours, theirs


async def test_the_loser_reloads_and_keeps_its_facts_in_order(new_world: NewWorld) -> None:
    """A warm copy that is behind loses its commit; its facts are applied to what the log has."""
    ours, theirs = await two_of_which_one_is_behind(new_world)
    await theirs.coordinator.intake.submit("buy:1", Cancel())
    verdicts: list[Verdict] = []
    ours.coordinator.intake.offer("buy:1", Cancel(), verdicts.append)
    ours.coordinator.intake.offer("buy:1", start("buy", "book"), verdicts.append)
    await ours.coordinator.activation.drained()
    assert ours.observer.lost == 1
    assert verdicts == [Known(), Known()]
    assert (await kinds(ours.store, "buy:1")).count("CancelRequested") == 1


async def test_the_losers_commands_are_not_sent(new_world: NewWorld) -> None:
    """Only the winner's rows reach Kafka."""
    store = WrappedStore(MemoryStore())
    store.gate = asyncio.Event()
    worlds = [new_world(wrapped=store, broker=silent()) for _ in range(2)]
    asked = [asyncio.create_task(each.coordinator.intake.submit("buy:1", start("buy", "book"))) for each in worlds]
    await until(lambda: len(store.commits) >= 2)
    store.gate.set()
    verdicts = await asyncio.gather(*asked)
    for each in worlds:
        await each.coordinator.relay.drained()
    assert sorted(type(verdict).__name__ for verdict in verdicts) == ["Accepted", "Known"]
    assert sum(len(each.broker.published) for each in worlds) == 1


async def test_a_stale_copy_does_not_set_good_answers_aside(new_world: NewWorld) -> None:
    """A warm copy that knows no such step may be behind: the log is asked before an answer is ignored."""
    ours, theirs = await two_of_which_one_is_behind(new_world)
    [first] = await ours.broker.until_published(1)
    theirs.broker.reply(first, DONE)
    [second] = await theirs.broker.until_published(1)
    ours.broker.reply(second, DONE)
    await ours.coordinator.activation.drained()
    assert ours.broker.verdicts == [Accepted()]
    assert (await kinds(ours.store, "buy:1"))[-1] == "SagaCompleted"


async def test_a_stale_copy_refuses_nobody(new_world: NewWorld) -> None:
    """What a person asks for may fit where the saga stands by now: the log is asked before it is refused."""
    ours, theirs = await two_of_which_one_is_behind(new_world)
    assert await theirs.coordinator.intake.submit("buy:1", Pause()) == Accepted()
    assert await ours.coordinator.intake.submit("buy:1", Resume()) == Accepted()
    assert (await kinds(ours.store, "buy:1"))[-2:] == ["SagaPaused", "SagaUnpaused"]


async def test_an_answer_to_nothing_is_ignored(new_world: NewWorld) -> None:
    """A reply for an unknown saga changes nothing, is counted, and says why."""
    world = new_world()
    verdicts: list[Verdict] = []
    world.coordinator.intake.offer("buy:0", Reply("buy:0:1", 1, Success(NULL)), verdicts.append)
    await world.coordinator.activation.drained()
    assert [type(verdict).__name__ for verdict in verdicts] == ["Ignored"]
    assert world.observer.reasons == ["there is no such saga"]
    assert await world.store.saga("buy:0") is None


async def test_two_coordinators_share_a_thousand_sagas(new_world: NewWorld) -> None:
    """Each is started on either side; every command goes out once, and every history ends once."""
    first = new_world(broker=MemoryBroker(success, frozenset(range(4))))
    second = new_world(store=first.store, broker=MemoryBroker(success, frozenset(range(4, 8))))
    worlds = (first, second)
    for each in worlds:
        await each.coordinator.start()
    ids = [f"buy:{number}" for number in range(1_000)]
    for number, saga_id in enumerate(ids):
        for each in worlds[number % 2 :]:
            each.coordinator.intake.offer(saga_id, start("buy", "book"), lambda verdict: None)
    while len(await first.store.sagas(SagaPage(status="completed", limit=2_000))) < len(ids):
        for each in worlds:
            await each.coordinator.activation.drained()
            await each.coordinator.relay.drained()
    published = [row.command_id for each in worlds for row in each.broker.published]
    assert len(published) == len(set(published)) == 2_000
