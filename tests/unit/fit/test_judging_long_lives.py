"""Sagas of several rounds, with children, or that draw: judged by the code that they follow, and by other code."""

import pytest

from coordinator.fit.judge import Judged, judge
from coordinator.fit.replaying import replay
from coordinator.saga import ContinueAsNew, Definitions, SagaDefinition, child, detach, new_uuid, random_float, saga
from tests.family import Family
from tests.sagas import SagaDriver, Shop

KEYS = "abcdefgh"
"""Enough for each way of a toss, in any round."""


@saga(version=1)
async def toss(rounds: int, shop: Shop) -> str:
    """Goes one way or the other by what it draws, in each of its rounds."""
    drawn = random_float() < 0.5
    if drawn:
        await shop.take(str(new_uuid()))
    else:
        await shop.lend("b")
    if rounds:
        raise ContinueAsNew(rounds - 1)
    return str(drawn)


@saga(version=1, name="toss")
async def tossed_twice(rounds: int, shop: Shop) -> str:
    """Other code of the same saga."""
    random_float()
    return await toss.function(rounds, shop)


@saga(version=1)
async def leaf(item: str, shop: Shop) -> str:
    """A child."""
    return await shop.take(item)


@saga(version=1)
async def tree(item: str, shop: Shop) -> str:
    """Has children, and draws."""
    await detach(leaf, "left", key="left")
    taken = await child(leaf, item)
    return await (shop.lend(taken) if random_float() < 0.5 else shop.take(taken))


@saga(version=1, name="tree")
async def bare(item: str, shop: Shop) -> str:
    """The same without its child."""
    await detach(leaf, "left", key="left")
    return await shop.take(item)


def judged(driver: SagaDriver, *definitions: SagaDefinition) -> Judged:
    return judge(Definitions(definitions), driver.saga_id, driver.rows)


def tossing(key: str, rounds: int) -> SagaDriver:
    driver = SagaDriver(toss, key=key).start(rounds)
    for step in range(1, rounds + 1):
        driver.succeeds(step, "A")
    return driver.is_("running")


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_what_is_drawn_is_drawn_again(rounds: int) -> None:
    """It follows from the saga's id and the round; other draws do not fit, for some at least."""
    assert {judged(tossing(key, rounds), toss).verdict for key in KEYS} == {"fits"}
    assert "would_be_parked" in {judged(tossing(key, rounds), tossed_twice).verdict for key in KEYS}


def test_it_has_ended_in_its_last_round() -> None:
    """What the code returned there is compared."""
    driver = tossing("a", 2).succeeds(3, "A").is_("completed")
    assert judged(driver, toss) == Judged("fits")
    found = judged(driver, tossed_twice), judged(tossing("b", 2).succeeds(3, "A"), tossed_twice)
    assert [each.verdict for each in found].count("would_be_parked") >= 1


def test_only_the_last_round_is_kept() -> None:
    """As a database has it."""
    for key in KEYS:
        driver = tossing(key, 3)
        kept = driver.rows[driver.machine.state.first_row - 1 :]
        assert judge(Definitions([toss]), driver.saga_id, kept) == Judged("fits")


@pytest.mark.parametrize("key", KEYS)
def test_parents_and_children(key: str) -> None:
    """At any time; and a child whose parent undoes it."""
    family = Family(tree, leaf)
    parent = family.start(f"tree:{key}", "tea")
    one = family[f"leaf:tree:{key}:2"]
    assert [judged(each, tree, leaf) for each in (parent, one)] == [Judged("fits")] * 2
    one.succeeds(1, "A").is_("completed")
    family.deliver()
    assert [judged(each, tree, leaf) for each in (parent, one)] == [Judged("fits")] * 2
    parent.cancel().succeeds("undo 3")
    family.deliver()
    assert judged(parent, tree, leaf) == Judged("fits")
    assert judged(one.is_("compensating"), leaf) == Judged("fits")


def test_a_parent_whose_code_has_no_child_any_more() -> None:
    """It says so; the child goes its own way."""
    family = Family(tree, leaf)
    parent = family.start("tree:a", "tea")
    found = judged(parent, bare, leaf)
    assert found.verdict == "would_be_parked"
    assert "Expected (event 4 of the history): step 2: saga.leaf" in found.message
    assert judged(family["leaf:tree:a:2"], bare, leaf) == Judged("fits")


@pytest.mark.parametrize("key", KEYS)
def test_a_history_without_an_id(key: str) -> None:
    """As it is exported: the id is that of its children's calls, or what the definition makes of the input."""
    family = Family(tree, leaf)
    parent = family.start(f"tree:{key}", "tea")
    family[f"leaf:tree:{key}:2"].succeeds(1, "A")
    family.deliver()
    assert replay(tree, parent.history).events > 0
    by_input = saga(version=1, name="toss", key="{rounds}")(toss.function)
    driver = SagaDriver(by_input, key=str(len(key))).start(len(key)).succeeds(1, "A")
    assert replay(by_input, driver.history).events > 0
    assert replay(toss, tossing(key, 1).history, f"toss:{key}").events > 0
