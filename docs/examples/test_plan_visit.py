"""Tests of docs/examples/plan_visit.py: docs/writing-a-saga.md says what they show."""

from plan_visit import Calendar, Doors, Visit, plan_visit

from coordinator.explore.exploration import explore
from coordinator.testing import SagaTest

VISIT = Visit("Ada", "2026-03-01")


async def test_a_visit(saga: SagaTest) -> None:
    """A local step is stubbed like any other."""
    saga.stub(Calendar.enter).fails(times=2).returns("E-1")
    saga.stub(Doors.admit).returns("B-7")
    run = await saga.run(plan_visit, VISIT)
    assert run.result == "B-7"


async def test_a_guest_who_is_not_admitted(saga: SagaTest) -> None:
    """The entry is struck, and the undo is given its number."""
    struck: list[str | None] = []
    saga.stub(Calendar.enter).returns("E-1")
    saga.stub(Calendar.strike).calls(lambda visit, number: struck.append(number))
    saga.stub(Doors.admit).refuses("unwanted")
    run = await saga.run(plan_visit, VISIT)
    assert run.status == "compensated"
    assert struck == ["E-1"]


async def test_the_undo_is_run_though_nobody_knows(saga: SagaTest) -> None:
    """There is no barrier around a body: given up, it is undone, whether it did something or not."""
    struck: list[str | None] = []
    saga.stub(Calendar.enter).fails()
    saga.stub(Calendar.strike).calls(lambda visit, number: struck.append(number))
    run = await saga.run(plan_visit, VISIT)
    assert run.status == "compensated"
    assert struck == [None]


async def test_survives_a_crash_at_every_point(saga: SagaTest) -> None:
    """Whatever is killed, lost or doubled: it is completed, or undone."""
    report = await saga.crash_everywhere(plan_visit, VISIT)
    assert report.statuses <= {"completed", "compensated"}


def test_every_outcome() -> None:
    """Whatever the two steps and their undos come to: all or nothing stands, or a person is told what is missing."""
    found = explore(plan_visit, {"guest": "Ada", "day": "2026-03-01"})
    assert found.complete
    assert not found.findings
    for outcome in found.outcomes:
        match outcome.ends:
            case "completed":
                assert outcome.remains == ("calendar.enter", "doors.admit")
            case "parked":
                assert outcome.given_up
            case _:
                assert outcome.ends in ("compensated", "failed")
                assert outcome.remains == ()
    known = {outcome.undone for outcome in found.outcomes if outcome.ends == "compensated"}
    assert known == {("calendar.enter",), ("doors.admit", "calendar.enter")}
