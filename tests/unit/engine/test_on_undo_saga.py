"""A saga as an undo: what it and the saga that registered it say to each other."""

import pytest

from coordinator.engine.facts import SkipUndo
from coordinator.engine.lifecycle import Back
from coordinator.history.endings import SagaCompleted
from coordinator.history.undos import UndoProgressed, UndoSucceeded
from coordinator.saga import on_undo, saga
from tests.family import Family
from tests.sagas import Shop


@saga(version=1, key="{item}")
async def put_right(item: str, shop: Shop) -> str:
    """The undo."""
    await shop.take(item)
    return await shop.ship(item)


@saga(version=1)
async def careful(shop: Shop) -> None:
    """Registers it, and fails."""
    on_undo(put_right, "a")
    await shop.take("b")


CAREFUL, RIGHT = "careful:1", "put_right:a"


def going_back(family: Family, times: int = 1) -> Family:
    family.start(CAREFUL).refuses("shop.take")
    family.deliver(times)
    return family


@pytest.mark.parametrize("times", [1, 2])
def test_it_begins_when_its_turn_comes(times: int) -> None:
    """As a child of the step that it is; its end is the undo's, whatever comes twice."""
    family = going_back(Family(careful, put_right), times)
    assert family[CAREFUL].of(UndoProgressed)
    family[RIGHT].succeeds("shop.take", "A").succeeds("shop.ship", "sent")
    family.deliver(times)
    assert len(family[RIGHT].of(SagaCompleted)) == len(family[CAREFUL].of(UndoSucceeded)) == 1
    family[CAREFUL].is_("compensated")
    family[RIGHT].is_("completed")


def test_its_end_overtakes_its_beginning() -> None:
    """That it has begun is heard behind its end."""
    family = Family(careful, put_right)
    family.start(CAREFUL).refuses("shop.take")
    family[RIGHT].advance(family.words.popleft().fact)
    begun = family.words.popleft()
    family[RIGHT].succeeds("shop.take", "A").succeeds("shop.ship", "sent")
    family.deliver()
    family[CAREFUL].is_("compensated").advance(begun.fact)
    family[CAREFUL].is_("compensated")


def test_it_goes_back_itself() -> None:
    """Nothing is left of it, and nothing is undone: a person is asked. Tried again it says the same."""
    family = going_back(Family(careful, put_right))
    family[RIGHT].refuses("shop.take").is_("failed")
    family.deliver()
    family[CAREFUL].is_("parked").retries(1, undo=True)
    family.deliver()
    family[CAREFUL].is_("parked").advance(SkipUndo(1, "let it be")).is_("partially_compensated")


def test_it_is_asked_again_how_it_stands() -> None:
    """Once a day: what it said may be lost."""
    family = going_back(Family(careful, put_right))
    family[RIGHT].succeeds("shop.take", "A").succeeds("shop.ship", "sent")
    family.words.clear()
    family.passes(86_400_000)
    family.passes(1_000)
    family[CAREFUL].is_("compensated")


def test_it_is_there_already() -> None:
    """Somebody else's saga is no undo of this one."""
    family = Family(careful, put_right)
    family.start(RIGHT, "a")
    going_back(family)[CAREFUL].is_("parked")
    step = family[CAREFUL].machine.state.steps[1]
    assert (step.back, "exists_already" in str(family[CAREFUL].history)) == (Back.GIVEN_UP, True)
