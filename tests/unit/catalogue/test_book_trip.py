"""The demo's saga, as a specification: given a start, expect a command; given a reply, expect what follows."""

import pytest

from coordinator.catalogue import DEFINITIONS
from coordinator.catalogue.book_trip import Trip, book_trip
from coordinator.history.steps import StepIssued, StepTimedOut
from coordinator.history.undos import UndoSucceeded
from tests.sagas import SagaDriver

TRIP = Trip("1", "Ada", "LIS", "card-1", flight_price=100, hotel_price=200)
RESULTS = {
    "flights.reserve": {"ref": "F1", "price": 100},
    "hotels.reserve": {"ref": "H1", "price": 200},
    "payments.charge": {"charge": "C1", "amount": 300},
    "flights.issue_ticket": {"number": "T1"},
}
STEPS = list(RESULTS)


def booked(*, until: str | None = None, trip: Trip = TRIP) -> SagaDriver:
    """The saga with every step done before this one, which has been asked for."""
    saga = SagaDriver(book_trip).start(trip)
    for step, result in RESULTS.items():
        saga.expects(step)
        if step == until:
            break
        saga.succeeds(step, result)
    return saga


def test_a_trip_is_booked() -> None:
    """Flight, hotel, card, ticket: one after the other, each told what the ones before gave."""
    saga = SagaDriver(book_trip).start(TRIP).expects("flights.reserve")
    assert saga.value("flights.reserve") == {"request": {"traveller": "Ada", "destination": "LIS", "price": 100}}
    saga.succeeds("flights.reserve", {"ref": "F1", "price": 100}).expects("hotels.reserve")
    hotel = {"traveller": "Ada", "city": "Lisbon", "nights": 2, "price": 200}
    assert saga.value("hotels.reserve") == {"request": hotel}
    saga.succeeds("hotels.reserve", {"ref": "H1", "price": 200}).expects("payments.charge")
    assert saga.value("payments.charge") == {"request": {"card": "card-1", "amount": 300}}
    saga.succeeds("payments.charge", {"charge": "C1", "amount": 300}).expects("flights.issue_ticket")
    assert saga.value("flights.issue_ticket") == {"request": {"hold": "F1"}}
    saga.succeeds("flights.issue_ticket", {"number": "T1"}).expects().is_("completed")
    assert saga.result == {"flight": "F1", "hotel": "H1", "charge": "C1", "ticket": "T1"}
    assert saga.in_ms is None


def test_no_seat_and_nothing_to_undo() -> None:
    """The flight is refused: the saga has failed, and nobody is asked to undo anything."""
    saga = booked(until="flights.reserve").refuses("flights.reserve", "sold_out").expects().is_("failed")
    assert saga.outcome == {"problem": {"type": "sold_out"}, "cause": "refused"}


def test_no_room_and_the_flight_is_released() -> None:
    """The hotel is refused: the flight is undone, with what it was asked for, what it answered, and why."""
    saga = booked(until="hotels.reserve").refuses("hotels.reserve", "full").expects("undo flights.reserve")
    assert saga.value("undo flights.reserve") == {
        "command": {"request": {"traveller": "Ada", "destination": "LIS", "price": 100}},
        "result": {"ref": "F1", "price": 100},
        "cause": {"type": "full"},
    }
    saga.succeeds("undo flights.reserve").expects().is_("compensated")


def test_the_card_is_refused_and_all_is_undone_in_reverse() -> None:
    """Hotel first, then flight, and the flight only once the hotel is undone. The refused charge is not undone."""
    saga = booked(until="payments.charge").refuses("payments.charge", "card_declined").expects("undo hotels.reserve")
    saga.is_("compensating").succeeds("undo hotels.reserve").expects("undo flights.reserve")
    saga.succeeds("undo flights.reserve").expects().is_("compensated")
    assert [event.step for event in saga.of(UndoSucceeded)] == [2, 1]


@pytest.mark.parametrize(
    ("step", "undos"),
    [
        ("flights.reserve", ["flights.reserve"]),
        ("hotels.reserve", ["hotels.reserve", "flights.reserve"]),
        ("payments.charge", ["payments.charge", "hotels.reserve", "flights.reserve"]),
    ],
)
def test_silence_is_undone_too(step: str, undos: list[str]) -> None:
    """A participant never answers: after five attempts the step is given up, and undone first, without a result."""
    saga = booked(until=step)
    saga.passes(120_000)
    assert saga.send(step).attempt == 5
    assert len(saga.of(StepTimedOut)) == 1
    assert saga.value(f"undo {step}")["result"] is None
    for undo in undos:
        saga.succeeds(f"undo {undo}")
    saga.is_("compensated")
    assert [f"{event.step}" for event in saga.of(UndoSucceeded)] == [f"{STEPS.index(undo) + 1}" for undo in undos]


def test_the_charge_is_the_point_of_no_return() -> None:
    """Once the card is charged the trip only goes forward: it cannot be cancelled."""
    saga = booked(until="flights.issue_ticket").cancel()
    assert not saga.accepted
    saga.expects().succeeds("flights.issue_ticket", {"number": "T1"}).is_("completed")


def test_the_ticket_is_issued_however_long_it_takes() -> None:
    """After the charge nothing is given up: silence, failures and even a no are tried again."""
    saga = booked(until="flights.issue_ticket")
    saga.passes(3_600_000)
    saga.refuses("flights.issue_ticket", "closed").passes(300_000)
    saga.fails("flights.issue_ticket", retryable=False).passes(300_000)
    assert saga.send("flights.issue_ticket").attempt > 10
    assert saga.is_("running").succeeds("flights.issue_ticket", {"number": "T1"}).is_("completed")


def test_a_trip_is_cancelled_before_the_charge() -> None:
    """Cancelled while the hotel is asked: its outcome is unknown, so it is undone first; then the flight."""
    saga = booked(until="hotels.reserve").cancel("not going").expects("undo hotels.reserve")
    saga.succeeds("undo hotels.reserve").expects("undo flights.reserve").succeeds("undo flights.reserve")
    assert saga.is_("compensated").outcome == {
        "problem": {"type": "cancelled", "message": "not going"},
        "cause": "cancelled",
    }


def test_time_to_think_is_durable() -> None:
    """The pause before the charge is a timer, and survives a restart."""
    trip = Trip("1", "Ada", "LIS", "card-1", flight_price=100, hotel_price=200, pause=60)
    saga = SagaDriver(book_trip).start(trip)
    saga.succeeds("flights.reserve", RESULTS["flights.reserve"])
    saga.succeeds("hotels.reserve", RESULTS["hotels.reserve"]).expects()
    assert saga.in_ms == 60_000
    saga.restarts().passes(59_999).expects()
    saga.passes(1).expects("payments.charge")


def test_the_key_is_the_trips_id() -> None:
    """One saga for each trip."""
    assert book_trip.key_of(TRIP) == "1"


def test_the_catalogue_knows_its_participants() -> None:
    """What is deployed can be listed: names, and whom they call."""
    assert DEFINITIONS.names() == ["book_trip"]
    assert DEFINITIONS.participants() == ["flights", "hotels", "payments"]


def test_every_step_was_asked_for_once() -> None:
    """A trip that goes well has four steps."""
    assert [event.command for event in booked().of(StepIssued)] == STEPS
