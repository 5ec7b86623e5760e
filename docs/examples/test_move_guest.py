"""Tests of docs/examples/move_guest.py: docs/writing-a-saga.md says what they show."""

from move_guest import Move, Notices, Rooms, house_again, move_guest

from contracts.travel import Payments
from coordinator.testing import SagaTest

MOVE = Move("Ada", 12, 30, "visa", 9_000)


async def test_it_moves(saga: SagaTest) -> None:
    """Nobody is told anything."""
    run = await saga.run(move_guest, MOVE)
    assert (run.status, run.result, run.undos) == ("completed", 30, [])


async def test_the_card_is_declined(saga: SagaTest) -> None:
    """Out of the better room, in again somewhere, and told about it, in this order."""
    saga.stub(Payments.charge).refuses("card_declined")
    run = await saga.run(move_guest, MOVE)
    assert (run.status, run.commands) == ("compensated", [Rooms.clear, Rooms.let, Payments.charge])
    assert run.undone == [Rooms.vacate, house_again, Notices.tell]


async def test_nobody_knows_whether_the_old_room_was_cleared(saga: SagaTest) -> None:
    """What was registered before is done, whatever has become of the step."""
    saga.stub(Rooms.clear).never_replies()
    run = await saga.run(move_guest, MOVE)
    assert run.undone == [house_again, Notices.tell]


async def test_the_old_room_is_taken(saga: SagaTest) -> None:
    """The undo is a saga like any other, and is tested like one."""
    saga.stub(Rooms.of).returns(None)
    saga.stub(Rooms.let).refuses("taken").returns(None)
    run = await saga.run(house_again, MOVE)
    assert [each.arguments["number"] for each in run.commands if each == Rooms.let] == [12, None]


async def test_it_survives_a_crash_at_every_point(saga: SagaTest) -> None:
    """Each undo once, wherever it dies."""
    saga.stub(Payments.charge).refuses("card_declined")
    report = await saga.crash_everywhere(move_guest, MOVE)
    assert report.statuses == {"compensated"}
