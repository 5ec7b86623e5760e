"""What happened is said in one way, whatever order led there; so every row of the table has all its outcomes."""

import asyncio

import pytest

from contracts import StepError
from coordinator.explore.exploration import explore
from coordinator.saga import SagaDefinition, saga
from tests.sagas import Shop


@saga(version=1)
async def takes_another(shop: Shop) -> None:
    """Goes on while what it could not have is undone."""
    try:
        await shop.take("a")
    except StepError:
        await shop.take("b")
        await shop.look("b")


@saga(version=1)
async def takes_the_first(shop: Shop) -> None:
    """Lets go of the slower of two."""
    both = [asyncio.create_task(shop.take(item)) for item in "ab"]
    _, slower = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    for one in slower:
        one.cancel()
    await shop.look("a")


@saga(version=1)
async def takes_both(shop: Shop) -> None:
    """Two at once."""
    await asyncio.gather(shop.take("a"), shop.take("b"))


@saga(version=1)
async def looks_after_a_while(shop: Shop) -> None:
    """Does something else while it waits, if that takes long."""
    try:
        async with asyncio.timeout(3):
            await asyncio.shield(shop.take("a"))
    except TimeoutError:
        await shop.take("b")


def test_time_that_passes_is_told() -> None:
    """Where the saga went another way since a step took its time, that has happened; the plain way is one."""
    outcomes = [each for each in explore(looks_after_a_while).outcomes if each.ends == "completed"]
    plain = [each for each in outcomes if not each.happened]
    assert [each.remains for each in plain] == [("shop.take",)]
    slow = next(each for each in outcomes if each.remains == ("shop.take", "shop.take"))
    assert [str(each) for each in slow.happened] == ["the saga sees time pass at shop.take (step 1)"]


@pytest.mark.parametrize("definition", [takes_another, takes_the_first, takes_both], ids=lambda each: each.name)
def test_no_undo_is_bound_to_be_given_up(definition: SagaDefinition) -> None:
    """Whatever happens, all its undos may be done: nothing that may happen is said to lead to a person only."""
    outcomes = explore(definition).outcomes
    done = {outcome.happened for outcome in outcomes if not outcome.given_up}
    assert [str(outcome.path) for outcome in outcomes if outcome.happened not in done] == []
