"""Tests and explorations of sagas whose calls have policies of their own."""

from contracts import Failed, Retry
from coordinator.engine.status import Status
from coordinator.explore.exploration import explore
from coordinator.explore.findings import Kinds
from coordinator.testing import SagaTest
from tests.sagas import Shop, code


async def choosy(shop: Shop) -> str:
    await shop.take.using(undo=Shop.throw_away)("a")
    await shop.take.using(undo=None)("b")
    await shop.look("c")
    return "all"


async def test_the_undo_that_was_chosen_is_stubbed_and_named(saga: SagaTest) -> None:
    """As every undo is, and given what the command returned."""
    thrown: list[tuple[str, str | None]] = []
    saga.stub(Shop.take).returns("A").returns("B")
    saga.stub(Shop.throw_away).calls(lambda item, taken: thrown.append((item, taken)))
    saga.stub(Shop.look).refuses("no")
    run = await saga.run(code(choosy))
    assert (run.status, thrown) == ("compensated", [("a", "A")])
    assert run.undone == [Shop.throw_away]


async def test_a_chosen_undo_survives_everything(saga: SagaTest) -> None:
    """Killed at every row, with every message lost, doubled and late."""
    saga.stub(Shop.look).refuses("no")
    report = await saga.crash_everywhere(code(choosy))
    assert report.statuses == {"compensated"}


async def test_a_budget_of_its_own_is_kept_to(saga: SagaTest) -> None:
    """And the test ends, though the contract would try for ever."""

    async def brief(shop: Shop) -> str:
        try:
            return await shop.borrow.using(retry=Retry(attempts=2, backoff="1s"))("a")
        except Failed:
            return "none"

    saga.stub(Shop.borrow).fails(times=2)
    run = await saga.run(code(brief))
    assert (run.result, run.commands[0].attempts) == ("none", 2)


def test_what_is_left_standing_is_told_and_no_finding() -> None:
    """Its author has said so; a command without undo that is called plainly is one."""
    found = explore(code(choosy))
    assert [each.kind for each in found.findings] == []
    gone = [each for each in found.outcomes if [str(one) for one in each.happened] == ["shop.look (step 3) is refused"]]
    assert [(each.ends, each.undone, each.given_up, each.remains) for each in gone] == [
        (Status.COMPENSATED, ("shop.take",), (), ("shop.take",)),
        (Status.PARKED, (), ("shop.take",), ("shop.take",)),
    ]

    async def losing(shop: Shop) -> None:
        await shop.lose("a")

    assert [each.kind for each in explore(code(losing)).findings] == [Kinds.MISSING_UNDO]


def test_the_undo_that_was_chosen_is_drawn() -> None:
    """By its own name."""
    names = [node.label for node in explore(code(choosy)).graph.nodes]
    assert "shop.throw_away" in names
    assert "shop.give_back" not in names
