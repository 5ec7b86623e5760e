"""Sagas that call sagas: stubbed, or run beside the one that calls them."""

import asyncio

import pytest

from contracts import Refused
from coordinator.saga import ContinueAsNew, Signal, child, detach, saga, scope
from coordinator.testing import SagaTest
from coordinator.testing.senders import Unsent
from tests.sagas import Shop


@saga(version=1, deadline="1h")
async def pack(item: str, shop: Shop) -> str:
    """Two steps."""
    await shop.lend("box")
    return await shop.take(item)


@saga(version=1)
async def send_all(items: list[str], shop: Shop) -> list[str]:
    """A child for each, and a step behind them."""
    packed = await asyncio.gather(*(child(pack, item) for item in items))
    await shop.take("label")
    return packed


@saga(version=1)
async def remind(shop: Shop) -> None:
    """Goes its own way."""
    await shop.take("pen")


@saga(version=1)
async def begin(shop: Shop) -> str:
    """Lets one go, and goes back."""
    id = await detach(remind)
    await shop.take("x")
    raise Refused("no", id)


async def test_a_child_is_run(saga: SagaTest) -> None:
    """Its commands meet the stubs of the test, and its result is its caller's."""
    saga.real(pack)
    saga.stub(Shop.take).returns("a").returns("b").returns("stuck on")
    run = await saga.run(send_all, ["a", "b"])
    assert (run.status, run.result) == ("completed", ["a", "b"])
    assert [each.status for each in run.called.values()] == ["completed", "completed"]
    assert all(each.commands == [Shop.lend, Shop.take] for each in run.called.values())
    assert run.commands == [pack, pack, Shop.take]


async def test_children_are_undone_with_their_caller(saga: SagaTest) -> None:
    """Those that went through are opened again, the last first."""
    saga.real(pack)
    saga.stub(Shop.take).returns("a").returns("b").refuses("no_label")
    run = await saga.run(send_all, ["a", "b"])
    assert (run.status, [each.result for each in run.undone]) == ("compensated", ["b", "a"])
    for each in run.called.values():
        assert (each.status, each.undone) == ("compensated", [Shop.give_back, Shop.collect])


async def test_a_child_that_goes_back(saga: SagaTest) -> None:
    """Its caller has its cause, and the others are undone."""
    saga.real(pack)
    saga.stub(Shop.take).returns("a").refuses("sold_out")
    run = await saga.run(send_all, ["a", "b"])
    assert run.status == "compensated"
    assert run.problem is not None
    assert run.problem.type == "sold_out"
    assert {each.status.value for each in run.called.values()} == {"compensated"}


async def test_a_child_whose_undo_is_given_up_is_waited_for(saga: SagaTest) -> None:
    """It is parked, and whoever sees to it lets its caller go on."""
    saga.real(pack)
    saga.stub(Shop.take).returns("a").refuses("no_label")
    saga.stub(Shop.collect).fails()
    run = await saga.run(send_all, ["a"])
    [packing] = run.called.values()
    assert (run.status, packing.status) == ("compensating", "parked")
    saga.stub(Shop.collect)
    await packing.resume()
    assert (await run.finish()).status == "compensated"


async def test_the_undo_of_a_stubbed_child(saga: SagaTest) -> None:
    """As of any step."""
    saga.stub(pack).returns("a")
    saga.stub_undo(pack).fails()
    saga.stub(Shop.take).refuses("no_label")
    run = await saga.run(send_all, ["a"])
    assert (run.status, run.called) == ("parked", {})


async def test_one_that_was_let_go(saga: SagaTest) -> None:
    """It is run to its end, and stands."""
    saga.real(remind)
    saga.stub(Shop.take).returns("x")
    run = await saga.run(begin)
    assert (run.status, run.undone) == ("compensated", [Shop.give_back])
    assert [each.status for each in run.called.values()] == ["completed"]


async def test_by_hand(saga: SagaTest) -> None:
    """A child is under way when its caller is cancelled."""
    saga.real(pack)
    run = await saga.start(send_all, ["a"])
    while not run.called:
        await run.step()
    [packing] = run.called.values()
    await packing.until(Shop.take)
    await run.cancel("changed my mind")
    await run.finish()
    assert (run.status, packing.status, packing.undone) == (
        "compensated",
        "compensated",
        [Shop.give_back, Shop.collect],
    )


@saga(version=1)
async def listen(word: Signal[str]) -> str:
    """Waits."""
    return await word


@saga(version=1)
async def delegate() -> str:
    """To one that waits."""
    return await child(listen)


async def test_a_child_that_waits_for_a_signal(saga: SagaTest) -> None:
    """Nobody sends it one by itself: that is said, or done by hand."""
    saga.real(listen)
    run = await saga.start(delegate)
    with pytest.raises(Unsent, match="waits for the signal word"):
        await run.finish()
    [listening] = run.called.values()
    await listening.signal("word", "hello")
    assert (await run.finish()).result == "hello"


@saga(version=1)
async def repeat(times: int, shop: Shop) -> int:
    """In rounds."""
    await shop.look("x")
    if times > 1:
        raise ContinueAsNew(times - 1)
    return times


@saga(version=1)
async def retreating(shop: Shop) -> str:
    """A child in a part that is undone, and another way."""
    try:
        async with scope():
            await child(pack, "a")
            await child(repeat, 3)
            await shop.take("refused")
    except Refused:
        return await shop.lend("instead")
    return "through"


async def test_a_crash_at_every_point_of_the_family(saga: SagaTest) -> None:
    """Whoever is killed, and whatever is lost, late or doubled, among them too: one child for each call."""
    saga.real(pack)
    saga.real(repeat)

    def take(item: str) -> str:
        if item == "refused":
            raise Refused("no")
        return item

    saga.stub(Shop.take).calls(take)
    report = await saga.crash_everywhere(retreating)
    assert report.statuses == {"completed", "compensated"}
    assert report.unreached == []
    assert any("saga.pack" in point for point in report.points)
    assert len(report.points) > 100
