"""A history that becomes long is told of, once for each doubling."""

import msgspec
import pytest

from coordinator.engine.facts import Signal, Start
from coordinator.runtime.lengths import BYTES, EVENTS, Length
from coordinator.saga import ContinueAsNew, Definitions, saga
from coordinator.saga import Signal as SignalOf
from tests.unit.runtime.conftest import NewWorld, World


@saga(version=1)
async def listen(left: int, note: SignalOf[str]) -> None:
    """Goes on as new after so many."""
    for _ in range(left):
        await note
    raise ContinueAsNew(left)


def test_once_for_each_doubling() -> None:
    """Of either; a jump over several is one."""
    length = Length()
    assert [length.grow(EVENTS // 2, 10) for _ in range(9)] == [
        False,
        True,
        False,
        True,
        False,
        False,
        False,
        True,
        False,
    ]
    assert not length.grow(1, 10)
    assert length.grow(1, 9 * BYTES)
    assert not length.grow(1, BYTES)


@pytest.mark.parametrize(("events", "bytes"), [(EVENTS, 0), (2 * EVENTS - 1, 0), (0, 2 * BYTES - 1), (7, 7)])
def test_what_was_passed_before_was_told(events: int, bytes: int) -> None:
    """A saga that is loaded again is not told of again."""
    assert not Length.loaded(events, bytes).grow(0, 0)


def test_loaded_right_before_it() -> None:
    """The next event is the one."""
    assert Length.loaded(EVENTS - 1, 0).grow(1, 1)


async def signals(world: World, count: int, size: int) -> None:
    """So many come, of so many characters."""
    text = msgspec.Raw(msgspec.json.encode("x" * size))
    for number in range(count):
        await world.coordinator.intake.submit("listen:1", Signal("note", f"{size}-{number}", text))


async def test_a_saga_that_hears_much(new_world: NewWorld) -> None:
    """Also after a restart, where its length is that of what was loaded; until it goes on as new."""
    definitions = Definitions([listen])
    world = new_world(definitions=definitions)
    await world.coordinator.start()
    await world.coordinator.intake.submit("listen:1", Start("listen", 1, msgspec.Raw(b"60")))
    await signals(world, 26, 180_000)
    assert world.observer.long == []
    await world.coordinator.stop()
    heir = new_world(store=world.store, definitions=definitions)
    await heir.coordinator.start()
    await signals(heir, 4, 180_001)
    assert heir.observer.long == ["listen"]
    await signals(heir, 30, 180_002)
    assert heir.observer.long == ["listen", "listen"]
    await signals(heir, 20, 180_003)
    assert len(heir.observer.long) == 2
