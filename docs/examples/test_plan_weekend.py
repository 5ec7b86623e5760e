"""Tests of a saga that goes another way, as a user writes them."""

from plan_weekend import Wish, plan_weekend

from contracts.travel import Flights, Hotels
from contracts.travel.hotels import HotelHold
from coordinator.testing import SagaTest

WISH = Wish("Ada", ("Rome", "Oslo"))
ROOM = HotelHold("HO-2", 18_000)


async def test_the_first_city_will_do(saga: SagaTest) -> None:
    """Nothing is undone."""
    run = await saga.run(plan_weekend, WISH)
    assert (run.result, run.undone) == ("Rome", [])


async def test_no_room_in_the_first_city(saga: SagaTest) -> None:
    """Its seat is given back, with its own data, before the next is asked for."""
    saga.stub(Hotels.reserve).refuses("full").returns(ROOM)
    run = await saga.run(plan_weekend, WISH)
    assert (run.status, run.result) == ("completed", "Oslo")
    assert run.undone == [Flights.release]
    assert run.commands == [Flights.reserve, Hotels.reserve, Flights.reserve, Hotels.reserve]


async def test_no_room_anywhere(saga: SagaTest) -> None:
    """All seats were given back on the way: nothing is left to be undone."""
    saga.stub(Hotels.reserve).refuses("full")
    run = await saga.run(plan_weekend, WISH)
    assert run.undone == [Flights.release, Flights.release]
    assert run.status == "compensated"


async def test_it_survives_a_crash_at_every_point(saga: SagaTest) -> None:
    """Wherever it dies, it stands there again."""
    saga.stub(Hotels.reserve).refuses("full").returns(ROOM)
    report = await saga.crash_everywhere(plan_weekend, WISH)
    assert report.statuses == {"completed"}
