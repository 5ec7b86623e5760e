"""Tests of a saga that waits for a person, as a user writes them. docs/testing-a-saga.md shows some of them."""

from book_stay import Approval, book_stay

from contracts.travel import Hotels
from contracts.travel.hotels import ReserveHotel
from coordinator.testing import SagaTest

STAY = ReserveHotel("Ada", "Lisbon", nights=2, price=18_000)


async def test_paid_when_approved(saga: SagaTest) -> None:
    """On the second day."""
    saga.signal("approval").comes(Approval("Ann"), after="1d")
    run = await saga.run(book_stay, STAY)
    assert run.status == "completed"
    assert run.signals == [("approval", Approval("Ann"))]


async def test_given_back_when_nobody_answers(saga: SagaTest) -> None:
    """The boss comes back on the fourth day."""
    saga.signal("approval").comes_too_late(Approval("Ann"), after="4d")
    run = await saga.run(book_stay, STAY)
    assert run.undone == [Hotels.release]


async def test_approved_before_anybody_asked(saga: SagaTest) -> None:
    """It is kept until the saga asks."""
    run = await saga.start(book_stay, STAY)
    await run.signal("approval", Approval("Ann"))
    assert (await run.finish()).status == "completed"


async def test_cancelled_while_the_boss_thinks(saga: SagaTest) -> None:
    """The room is given back."""
    run = await saga.start(book_stay, STAY)
    await run.until("approval")
    await run.cancel("not going")
    await run.finish()
    assert run.undone == [Hotels.release]


async def test_survives_a_crash_at_every_point(saga: SagaTest) -> None:
    """Approved twice, it is paid once; the approval that comes when all else is over is too late."""
    saga.signal("approval").comes(Approval("Ann"))
    report = await saga.crash_everywhere(book_stay, STAY)
    assert report.ended["compensated"] == ("the signal approval (number 1) comes when all else is over",)
    assert report.statuses == {"completed", "compensated"}
