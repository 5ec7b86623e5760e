"""A saga whose history a newer release wrote, on a coordinator of this one."""

from coordinator.engine.facts import Cancel, Ignored
from coordinator.runtime.ports import SagaWrite
from tests.fakes.memory_broker import MemoryBroker
from tests.unit.runtime.conftest import NewWorld
from tests.unit.runtime.sagas import start

NEWER = b'[{"type":"timer_started","timer":1,"at":1,"due":2},{"type":"saga_sang","at":1}]'


async def test_who_asks_is_told_which_event_it_is(new_world: NewWorld) -> None:
    """And what to do; the others of the batch have nothing to do with it."""
    silent = MemoryBroker(lambda row: None)
    first = new_world(broker=silent)
    await first.coordinator.start()
    for each in ("buy:1", "buy:2"):
        await first.coordinator.intake.submit(each, start("buy", "book"))
    await first.store.commit([SagaWrite("buy:1", 2, NEWER, 1, None, None, ())], [])
    second = new_world(store=first.store, broker=silent)
    await second.coordinator.start()
    verdict = await second.coordinator.intake.submit("buy:1", Cancel("enough"))
    assert isinstance(verdict, Ignored)
    assert "cannot read event 2 of row 2 of the saga's history: Invalid value 'saga_sang'" in verdict.reason
    assert "Deploy the release that wrote it, or a newer one." in verdict.reason
    assert not isinstance(await second.coordinator.intake.submit("buy:2", Cancel("enough")), Ignored)
