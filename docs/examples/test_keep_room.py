"""Tests of docs/examples/keep_room.py: docs/writing-a-saga.md says what they show."""

from keep_room import keep_room

from contracts.travel.hotels import HotelHold, Hotels, ReserveHotel
from contracts.travel.payments import Payments, Receipt
from coordinator.testing import SagaTest

ROOM = ReserveHotel("Ada", "Oslo", 2, 30_000)


def stubbed(saga: SagaTest) -> SagaTest:
    saga.stub(Hotels.reserve).returns(HotelHold("HO-1", 30_000))
    saga.stub(Payments.charge).returns(Receipt("CH-1", 30_000))
    return saga


async def test_a_room_is_paid_for(saga: SagaTest) -> None:
    """Within two days."""
    stubbed(saga).signal("card").comes("4111", after="47h")
    run = await saga.run(keep_room, ROOM)
    assert (run.status, run.result.ref) == ("completed", "HO-1")


async def test_whatever_crashes_and_whichever_message_is_lost(saga: SagaTest) -> None:
    """It is paid for all the same, unless the card comes when all is over; and no replay draws another reference."""
    stubbed(saga).signal("card").comes("4111", after="1h")
    report = await saga.crash_everywhere(keep_room, ROOM)
    assert report.ended["compensated"] == ("the signal card (number 1) comes when all else is over",)
    assert report.statuses == {"completed", "compensated"}


async def test_nobody_pays(saga: SagaTest) -> None:
    """After two days the room is given back."""
    saga.stub(Hotels.reserve).returns(HotelHold("HO-1", 30_000))
    run = await saga.run(keep_room, ROOM)
    assert (run.status, run.undone) == ("compensated", [Hotels.release])
    assert run.problem is not None
    assert run.problem.type == "deadline_exceeded"


async def test_more_time_is_asked_for(saga: SagaTest) -> None:
    """A guest who asks on the second day has two days more."""
    stubbed(saga).update("more_time").comes(48, after="40h")
    saga.signal("card").comes("4111", after="90h")
    run = await saga.run(keep_room, ROOM)
    assert run.status == "completed"
