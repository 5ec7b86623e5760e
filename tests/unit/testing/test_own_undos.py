"""Undos that a saga registers itself, in a test as a user writes it."""

from typing import Any

import pytest

from contracts import Failed, Retry
from coordinator.saga import on_undo, saga
from coordinator.testing import SagaTest
from tests.sagas import Shop


@saga(version=1)
async def put_right(item: str, shop: Shop) -> None:
    """An undo with a logic of its own."""
    await shop.ship(item)


@saga(version=1)
async def careful(shop: Shop) -> None:
    """Registers two undos of its own."""
    on_undo(put_right, "a")
    await shop.take("a")
    on_undo(shop.look, "sorry")
    await shop.take("b")


async def test_it_is_an_undo(saga: SagaTest) -> None:
    """It is stubbed as the command, or the saga, that it is, and stands among the undos."""
    saga.stub(Shop.take).returns("A").refuses("sold_out")
    saga.stub(Shop.look).returns(3)
    saga.stub(put_right).returns(None)
    run = await saga.run(careful)
    assert (run.status, run.commands) == ("compensated", [Shop.take, Shop.take])
    assert run.undone == [Shop.look, Shop.give_back, put_right]
    assert [each.arguments for each in (run.undone[0], run.undone[2])] == [{"item": "sorry"}, {"input": "a"}]
    assert "undone: by shop.look, shop.take, by saga.put_right" in repr(run)


async def test_it_is_waited_for(saga: SagaTest) -> None:
    """A test can stop where it is out."""
    saga.stub(Shop.take).refuses("sold_out")
    run = await (await saga.start(careful)).until(put_right)
    assert (run.undos, "waiting for: the undo saga.put_right" in repr(run)) == ([put_right], True)
    assert (await run.finish()).status == "compensated"


async def test_it_is_tried_again(saga: SagaTest) -> None:
    """More often than the command would be on the way forward; what it never does is not waited for."""
    saga.stub(Shop.take).returns("A").refuses("sold_out")
    saga.stub(Shop.look).fails(times=20).returns(1)
    run = await saga.run(careful)
    assert (run.status, run.undone[0].attempts) == ("compensated", 21)
    saga.stub(Shop.take).returns("A").refuses("sold_out")
    saga.stub(Shop.look).never_replies()
    run = await saga.run(careful)
    assert (run.status, run.waiting_for) == ("compensating", [Shop.look])


@pytest.mark.parametrize("retry", [None, Retry(attempts=2, backoff="1s")])
async def test_a_person_is_needed(saga: SagaTest, retry: Retry | None) -> None:
    """It was refused, or its call gave it an end; the other undos go on."""

    def looks(item: str) -> int:
        raise Failed("broken", retryable=retry is not None)

    @saga_with(retry)
    async def hasty(shop: Shop) -> None: ...

    saga.stub(Shop.look).calls(looks)
    saga.stub(Shop.take).returns("A").refuses("sold_out")
    run = await saga.run(hasty)
    assert (run.status, run.undone) == ("parked", [Shop.give_back])
    assert run.problem is not None
    assert "shop.look (step 2)" in run.problem.message


def saga_with(retry: Retry | None) -> Any:
    """A saga that registers an undo with this end."""

    def made(_: Any) -> Any:
        @saga(version=1, name="hasty")
        async def hasty(shop: Shop) -> None:
            await shop.take("a")
            on_undo(shop.look.using(retry=retry), "sorry")
            await shop.take("b")

        return hasty

    return made


async def test_whatever_goes_wrong(saga: SagaTest) -> None:
    """A crash at every point, each message lost, doubled, late: the same undos, each once."""
    done: list[str] = []

    def looks(item: str) -> int:
        done.append(item)
        return 1

    saga.stub(Shop.take).returns("A").refuses("sold_out")
    saga.stub(Shop.look).calls(looks)
    report = await saga.crash_everywhere(careful)
    assert report.statuses == {"compensated"}
    assert any("the undo shop.look (step 3) comes twice" in str(point) for point in report.points)
    assert done == ["sorry"] * len(report.points)
