"""Tests of docs/examples/rent_room.py: docs/writing-a-saga.md says what they show."""

from rent_room import Rooms, Stay, rent_room

from coordinator.testing import SagaTest

STAY = Stay("Ada", "2026-03-01")


async def test_at_once(saga: SagaTest) -> None:
    """One attempt, as the call says."""
    saga.stub(Rooms.rent).returns("7")
    run = await saga.run(rent_room, STAY)
    assert run.result == "7"


async def test_nobody_answers_at_once(saga: SagaTest) -> None:
    """The first is given up, and undone as its call says; the second is tried as the contract says."""
    saga.stub(Rooms.rent).never_replies().fails(times=3).returns("7")
    run = await saga.run(rent_room, STAY)
    assert run.result == "7"
    assert run.undone == [Rooms.sublet]
    assert [(each, each.attempts) for each in run.commands][:2] == [(Rooms.rent, 1), (Rooms.rent, 4)]


async def test_what_trying_again_does_not_help(saga: SagaTest) -> None:
    """The contract says after which problems nothing is tried again, whatever the participant thinks."""
    saga.stub(Rooms.rent).fails("no_time", times=1).fails("room_unknown", times=1)
    run = await saga.run(rent_room, STAY)
    assert run.status == "compensated"
    assert run.undone == [Rooms.sublet, Rooms.hand_back]


async def test_the_stove_goes_out_by_itself(saga: SagaTest) -> None:
    """What was done with undo=None is not undone; the rest is."""
    saga.stub(Rooms.rent).returns("13")
    run = await saga.run(rent_room, STAY)
    assert run.status == "compensated"
    assert run.undone == [Rooms.sublet]


async def test_survives_a_crash_at_every_point(saga: SagaTest) -> None:
    """Whatever is killed, lost or doubled: what the calls have of their own is kept with them."""
    saga.stub(Rooms.rent).returns("7")
    report = await saga.crash_everywhere(rent_room, STAY)
    assert report.statuses <= {"completed", "compensated"}
