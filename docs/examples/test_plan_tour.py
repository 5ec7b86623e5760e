"""Tests of docs/examples/plan_tour.py: docs/writing-a-saga.md says what they show."""

from plan_tour import Band, plan_tour
from plan_weekend import plan_weekend

from contracts.travel import Flights, Hotels
from contracts.travel.hotels import HotelHold
from coordinator.testing import SagaTest

BAND = Band("Undone", ("Ada", "Bob"), ("Rome", "Oslo"))
ROOM = HotelHold("HO-2", 18_000)


async def test_a_weekend_for_each(saga: SagaTest) -> None:
    """Two children, side by side."""
    saga.stub(plan_weekend).returns("Rome")
    run = await saga.run(plan_tour, BAND)
    assert (run.status, run.result) == ("completed", ["Rome", "Rome"])


async def test_one_finds_none(saga: SagaTest) -> None:
    """The other's weekend is undone, and the tour has the child's cause."""
    saga.stub(plan_weekend).returns("Rome").refuses("nowhere_to_go")
    run = await saga.run(plan_tour, BAND)
    assert run.status == "compensated"
    assert run.problem is not None
    assert run.problem.type == "nowhere_to_go"
    assert len(run.undone) == 1


async def test_whoever_has_found_one_gives_it_back(saga: SagaTest) -> None:
    """Ada's weekend went through long before Bob's could not; its room is given back, then its seat."""
    saga.real(plan_weekend)
    saga.stub(Hotels.reserve).returns(ROOM).refuses("full")
    run = await saga.run(plan_tour, Band("Undone", ("Ada", "Bob"), ("Rome",)))
    adas, bobs = run.called.values()
    assert (run.status, adas.status, bobs.status) == ("compensated", "compensated", "compensated")
    assert adas.undone == [Hotels.release, Flights.release]
