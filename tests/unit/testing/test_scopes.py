"""Tests of sagas that go back to save-points."""

import asyncio

from contracts import Failed, Refused
from coordinator.saga import scope
from coordinator.testing import SagaTest
from coordinator.testing.story import summary
from tests.sagas import Shop, code


async def another_way(shop: Shop) -> str:
    try:
        async with scope():
            await shop.take("a")
            await shop.lend("b")
            await shop.look("c")
    except (Refused, Failed):
        return await shop.take("d")
    return "all"


async def test_what_is_undone_on_the_way(saga: SagaTest) -> None:
    """In order, though the saga completes; and in the story too."""
    saga.stub(Shop.look).refuses("no")
    run = await saga.run(code(another_way))
    assert run.status == "completed"
    assert run.undone == [Shop.collect, Shop.give_back]
    assert "succeeded: shop.take, shop.lend, shop.take; undone: shop.lend, shop.take" in summary(run.driver)


async def test_what_is_waited_for_while_it_is_undone(saga: SagaTest) -> None:
    """The undo that is under way, and nothing of what comes behind the scope."""
    saga.stub(Shop.look).refuses("no")
    run = await saga.start(code(another_way))
    await run.until(Shop.collect)
    assert (run.status, run.undone, run.waiting_for) == ("running", [], [Shop.collect])
    assert "waiting for: the undo of shop.lend" in summary(run.driver)
    await run.crash()
    assert (await run.finish()).undone == [Shop.collect, Shop.give_back]


async def test_an_undo_that_is_given_up_and_resumed(saga: SagaTest) -> None:
    """The saga is parked, and goes on behind the scope when it is undone."""
    saga.stub(Shop.look).refuses("no")
    saga.stub(Shop.collect).fails(times=2)
    run = await saga.run(code(another_way))
    assert (run.status, run.undone) == ("parked", [Shop.give_back])
    await run.resume()
    await run.finish()
    assert (run.status, run.undone) == ("completed", [Shop.give_back, Shop.collect])


async def test_it_survives_everything(saga: SagaTest) -> None:
    """Undos of scopes are messages as others are: nested ones, and those that are sent at once."""

    async def body(shop: Shop) -> str:
        try:
            async with scope():
                await shop.take("a")
                async with scope(parallel_undo=True):
                    await asyncio.gather(shop.take("b"), shop.take("c"))
                    await shop.look("d")
        except Refused:
            return await shop.take("e")
        return "all"

    saga.stub(Shop.look).refuses("no")
    report = await saga.crash_everywhere(code(body))
    assert report.statuses == {"completed"}
    assert "the reply to the undo of shop.take (step 1) is lost" in report.points
