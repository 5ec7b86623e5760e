"""A saga that goes on as new is gone through up to there; in the test kit it goes on."""

from contracts import Refused
from coordinator.explore.exploration import explore
from coordinator.saga import ContinueAsNew, Update, saga, scope
from coordinator.testing import SagaTest
from tests.sagas import Shop


@saga(version=1)
async def gather_up(taken: list[str], shop: Shop, ask: Update[str, int]) -> list[str]:
    """A thing in each round, until there is none."""

    @ask.handle
    async def _(item: str) -> int:
        return await shop.look(item)

    try:
        async with scope():
            await shop.take("box")
            got = await shop.take("thing")
    except Refused:
        return taken
    raise ContinueAsNew([*taken, got])


def test_another_round_is_an_end() -> None:
    """What the round did stands there, and nothing is wrong with that."""
    found = explore(gather_up, [])
    assert found.findings == ()
    ends = {(outcome.ends.value, outcome.remains) for outcome in found.outcomes if not outcome.happened}
    assert ends == {("running", ("shop.take", "shop.take"))}
    assert {outcome.ends.value for outcome in found.outcomes} >= {"running", "completed", "compensated"}


async def test_the_kit_goes_from_round_to_round(saga: SagaTest) -> None:
    """It tells all of it, and the saga survives a crash at every point."""
    saga.stub(Shop.take).returns("A").returns("A").returns("B").returns("B").returns("box").refuses("none left")
    run = await saga.run(gather_up, [])
    assert (run.status, run.result) == ("completed", ["A", "B"])
    assert len(run.commands) == 6
    assert run.undone == [Shop.give_back]
    assert "undone: shop.take" in repr(run)
    report = await saga.crash_everywhere(gather_up, [])
    assert "completed" in report.statuses


async def test_an_update_of_a_later_round_is_named(saga: SagaTest) -> None:
    """While it is not answered."""
    saga.stub(Shop.take).returns("A")
    run = await saga.start(gather_up, [])
    while run.driver.state.round < 2:
        await run.step()
    run.tell(run.driver.updated("ask", "x"))
    assert "the update ask" in repr(run)
