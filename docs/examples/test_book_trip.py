"""Tests of the demo's saga, as a user writes them. docs/testing-a-saga.md shows them."""

from pathlib import Path

import pytest

from contracts.travel import Flights, Hotels, Payments
from contracts.travel.flights import FlightHold, ReserveFlight
from contracts.travel.hotels import HotelHold
from contracts.travel.payments import ChargeCard, Receipt
from coordinator.catalogue.book_trip import Trip, book_trip
from coordinator.saga import Refused
from coordinator.testing import SagaTest

TRIP = Trip("1", "Ada", "Lisbon", "4242", pause=60)
HISTORIES = Path(__file__).parent / "histories"


async def test_refused_card_undoes_in_reverse(saga: SagaTest) -> None:
    """No money: the room is given back, then the seat."""
    saga.stub(Payments.charge).refuses("card_declined")
    run = await saga.run(book_trip, TRIP)
    assert run.status == "compensated"
    assert run.undone == [Hotels.release, Flights.release]


async def test_survives_a_crash_at_every_point(saga: SagaTest) -> None:
    """Whatever is killed, lost, doubled or late: the trip is booked."""
    report = await saga.crash_everywhere(book_trip, TRIP)
    assert report.statuses == {"completed"}
    assert report.unreached == []


async def test_charges_what_flight_and_hotel_cost(saga: SagaTest) -> None:
    """The sum of the holds, and the hotel may fail twice."""
    saga.stub(Flights.reserve).returns(FlightHold("FL-1", 12_000))
    saga.stub(Hotels.reserve).fails(times=2).returns(HotelHold("HO-1", 18_000))
    run = await saga.run(book_trip, TRIP)
    assert run.commands == [Flights.reserve, Hotels.reserve, Payments.charge, Flights.issue_ticket]
    assert run.commands[2].arguments == {"request": ChargeCard("4242", 30_000)}
    assert run.result.hotel == "HO-1"


async def test_nobody_flies_to_atlantis(saga: SagaTest) -> None:
    """Refused at the first step, with nothing to undo."""

    async def reserve(request: ReserveFlight) -> FlightHold:
        if request.destination == "Atlantis":
            raise Refused("no_flights")
        return FlightHold("FL-1", request.price)

    saga.stub(Flights.reserve).calls(reserve)
    run = await saga.run(book_trip, Trip("2", "Ada", "Atlantis", "4242"))
    assert run.status == "failed"
    assert run.problem is not None
    assert run.problem.type == "no_flights"


async def test_a_charge_that_nobody_heard_of_is_refunded(saga: SagaTest) -> None:
    """Nobody knew whether the card was charged, so it is refunded."""
    saga.stub(Payments.charge).replies_late(after="5m", result=Receipt("CH-1", 30_000))
    run = await saga.run(book_trip, TRIP)
    assert run.undone == [Payments.refund, Hotels.release, Flights.release]
    assert run.undone[0].result is None


async def test_a_release_that_fails_waits_for_a_person(saga: SagaTest) -> None:
    """The other undo goes on; a person resumes the saga, and all is undone."""
    saga.stub(Payments.charge).refuses("card_declined")
    saga.stub(Hotels.release).fails("no_such_room")
    run = await saga.run(book_trip, TRIP)
    assert run.status == "parked"
    saga.stub(Hotels.release).returns(None)
    await run.resume()
    await run.finish()
    assert run.undone == [Flights.release, Hotels.release]


async def test_cancelled_while_it_thinks(saga: SagaTest) -> None:
    """Flight and hotel are held, and the minute is not over."""
    run = await saga.start(book_trip, TRIP)
    await saga.clock.advance("59s")
    assert run.waiting_for == []
    await run.cancel("changed my mind")
    await run.finish()
    assert run.undone == [Hotels.release, Flights.release]


async def test_cancelled_while_a_room_is_asked_for(saga: SagaTest) -> None:
    """The room that is being held is given back too."""
    run = await saga.start(book_trip, TRIP)
    await run.until(Hotels.reserve)
    await run.cancel()
    assert (await run.finish()).status == "compensated"


@pytest.mark.parametrize("history", sorted(HISTORIES.glob("*.json")), ids=lambda file: file.stem)
async def test_old_histories_still_fit(saga: SagaTest, history: Path) -> None:
    """What was started with this version goes on with this code."""
    await saga.replay(book_trip, history)
