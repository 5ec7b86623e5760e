"""Sagas that go back to save-points, explored."""

import asyncio

from contracts import Refused, StepError
from coordinator.engine.status import Status
from coordinator.explore.exploration import Exploration, explore
from coordinator.explore.findings import Kinds
from coordinator.explore.graph import Edge
from coordinator.saga import scope
from docs.examples.plan_weekend import plan_weekend
from tests.sagas import Body, Shop, code


def explored(body: Body) -> Exploration:
    return explore(code(body))


def kinds(body: Body) -> list[Kinds]:
    return [finding.kind for finding in explored(body).findings]


async def another_way(shop: Shop) -> str:
    try:
        async with scope():
            await shop.take("a")
            await shop.look("b")
    except Refused:
        return await shop.lend("c")
    return "all"


def test_it_takes_another_way() -> None:
    """What was done in the scope is undone, and the saga ends well."""
    found = explored(another_way)
    assert found.findings == ()
    refused = [
        each for each in found.outcomes if [str(one) for one in each.happened] == ["shop.look (step 2) is refused"]
    ]
    assert [(each.ends, each.undone, each.given_up, each.remains) for each in refused] == [
        (Status.PARKED, (), ("shop.take",), ()),
        (Status.COMPLETED, ("shop.take",), (), ("shop.lend",)),
    ]


def test_the_other_way_is_drawn() -> None:
    """From the last undo it leads forward again."""
    edges = explored(another_way).graph.edges
    assert (
        Edge("step_2_shop_look", "undo_1_shop_take", True, ("is refused", "fails", "times out", "is cancelled"))
        in edges
    )
    assert Edge("undo_1_shop_take", "step_3_shop_lend", False, ("scope 1 undone",)) in edges


def test_the_example_of_the_docs_has_no_mistakes() -> None:
    """Every city is tried, and whoever goes nowhere holds nothing."""
    found = explore(plan_weekend, {"traveller": "Ada", "cities": ["LIS", "ROM"]})
    assert found.findings == ()
    assert found.complete
    assert all(not each.remains for each in found.outcomes if each.ends is not Status.COMPLETED)
    assert {len(each.remains) for each in found.outcomes if each.ends is Status.COMPLETED} == {2}


def test_a_scope_that_is_left_past_the_point_of_no_return() -> None:
    """It cannot be undone: found, also where the code hides it."""

    async def hides(shop: Shop) -> None:
        try:
            async with scope():
                await shop.take("a")
                await shop.pay(1)
                await shop.look("b")
        except StepError:
            pass

    async def shows(shop: Shop) -> None:
        try:
            async with scope():
                await shop.pay(1)
                await shop.look("b")
        except Refused:
            await shop.ship("c")

    for body in (hides, shows):
        (finding,) = explored(body).findings
        assert finding.kind is Kinds.SCOPE_AFTER_PIVOT
        assert "Call what cannot be undone behind the scope" in finding.message
        assert "test_scopes.py:" in finding.source


def test_a_step_without_an_undo_in_a_scope() -> None:
    """It is never sent, there as elsewhere."""

    async def body(shop: Shop) -> None:
        async with scope():
            await shop.take("a")
            await shop.lose("b")

    assert kinds(body) == [Kinds.MISSING_UNDO]


def test_what_is_undone_before_and_behind_an_answer() -> None:
    """Code that hears of the scope first may go another way than code that hears of the step first."""

    async def body(shop: Shop) -> None:
        heard: list[str] = []

        async def tries() -> None:
            try:
                async with scope():
                    await shop.take("a")
                    await shop.look("b")
            except Refused:
                heard.append("scope")

        async def lends() -> None:
            await shop.lend("c")
            heard.append("step")

        await asyncio.gather(tries(), lends())
        await (shop.ship("d") if heard == ["scope", "step"] else shop.pay(1))

    well = [each for each in explored(body).outcomes if each.ends is Status.COMPLETED and each.undone == ("shop.take",)]
    assert {each.remains for each in well} == {("shop.lend", "shop.ship"), ("shop.lend", "shop.pay")}
