"""Tests of a saga that is asked while it runs, as a user writes them. docs/testing-a-saga.md shows some of them."""

import pytest
from ship_order import Address, Order, Post, ship_order

from coordinator.saga import Refused
from coordinator.testing import SagaTest

BONN, OSLO = Address("Bonn"), Address("Oslo")
ORDER = Order("O-1", BONN)


async def test_moved_before_it_is_sent(saga: SagaTest) -> None:
    """Two hours after the order."""
    saga.update("move").comes(OSLO, after="2h")
    run = await saga.run(ship_order, ORDER)
    assert run.updates == [("move", OSLO)]
    assert run.commands == [Post.pack, Post.quote, Post.hand_over]
    assert run.commands[-1].arguments["city"] == "Oslo"


async def test_whoever_moves_it_is_told_the_price(saga: SagaTest) -> None:
    """And where it goes, now and when all is over."""
    saga.stub(Post.quote).returns(1_250)
    run = await saga.start(ship_order, ORDER)
    assert await run.query("where") == BONN
    assert await run.update("move", OSLO) == 1_250
    await run.finish()
    assert await run.query("where") == OSLO


async def test_lists_show_how_it_stands(saga: SagaTest) -> None:
    """And find it by where it goes, from the moment on when that is changed."""
    run = await (await saga.start(ship_order, ORDER)).until(Post.pack)
    assert (run.status_line, run.attributes) == ("packing", {"order": "O-1", "city": "Bonn"})
    await run.step()
    assert run.status_line == "waiting for the evening's van"
    await run.update("move", OSLO)
    await run.finish()
    assert (run.status_line, run.attributes["city"]) == ("", "Oslo")


async def test_not_moved_where_nobody_goes(saga: SagaTest) -> None:
    """The saga goes on as if nobody had asked."""
    saga.stub(Post.quote).refuses("nobody_goes_there")
    run = await saga.start(ship_order, ORDER)
    with pytest.raises(Refused, match="nobody_goes_there"):
        await run.update("move", Address("Atlantis"))
    await run.finish()
    assert run.commands[-1].arguments["city"] == "Bonn"


async def test_not_moved_when_it_is_sent(saga: SagaTest) -> None:
    """The van has it."""
    run = await (await saga.start(ship_order, ORDER)).until(Post.hand_over)
    with pytest.raises(Refused, match="The parcel is on its way"):
        await run.update("move", OSLO)
    assert (await run.finish()).status == "completed"


async def test_not_moved_while_the_van_comes(saga: SagaTest) -> None:
    """The price was asked in time, and told too late."""
    saga.stub(Post.quote).replies_late(after="2s")
    run = await (await saga.start(ship_order, ORDER)).until(Post.pack)
    await run.step()
    await saga.clock.advance("5h")
    await saga.clock.advance("59m")
    await saga.clock.advance("59s")
    with pytest.raises(Refused, match="The parcel is on its way"):
        await run.update("move", OSLO)
    await run.finish()
    assert run.commands[-1].arguments["city"] == "Bonn"


async def test_survives_a_crash_at_every_point(saga: SagaTest) -> None:
    """Killed with the update in hand, or asked twice: it goes to Oslo once. The update that comes last is refused."""
    saga.update("move").comes(OSLO, after="2h")
    report = await saga.crash_everywhere(ship_order, ORDER)
    assert "the update move (number 1) comes twice" in report.ended["completed"]
    assert report.unreached == []
