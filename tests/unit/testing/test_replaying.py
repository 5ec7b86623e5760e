"""Exported histories, and code that fits them or does not."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from contracts.travel import Flights, Hotels, Payments
from contracts.travel.flights import ReserveFlight
from contracts.travel.hotels import ReserveHotel
from contracts.travel.payments import ChargeCard
from coordinator.catalogue.book_trip import Trip, book_trip
from coordinator.saga import SagaDefinition
from coordinator.saga import saga as declared
from coordinator.testing import DoesNotFit, SagaTest, UnreadableHistory
from tests.unit.testing.conftest import TRIP

GOLDEN = Path(__file__).parents[2] / "golden"
COMPLETES = GOLDEN / "book_trip_v1_completes.json"
FILES = sorted(GOLDEN.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_recorded_histories_fit(saga: SagaTest, file: Path) -> None:
    """Whatever became of them."""
    assert (await saga.replay(book_trip, file)).events > 0


async def test_the_result_can_be_compared(saga: SagaTest) -> None:
    """It is what the code returns now."""
    replayed = await saga.replay(book_trip, str(COMPLETES))
    assert replayed.result == {"flight": "F1", "hotel": "H1", "charge": "C1", "ticket": "T1"}


async def test_the_forms_of_a_history(saga: SagaTest) -> None:
    """As the command line prints it, in both forms; as the HTTP interface has it; as a run of a test has it."""
    rows = [{"seq": n, "at": "…", "events": row} for n, row in enumerate(json.loads(COMPLETES.read_text())["rows"], 1)]
    forms: list[Any] = [rows, json.dumps(rows), "\n".join(map(json.dumps, rows)).encode(), {"rows": rows, "next": None}]
    for form in forms:
        assert (await saga.replay(book_trip, form)).events == 9
    run = await saga.run(book_trip, TRIP)
    assert (await saga.replay(book_trip, run.history)).events == len(run.history) - 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nonsense", "not the JSON of a history"),
        ("[]", "begins with saga_started"),
        ('{"rows": [], "next": "/v1/…"}', "one page of a history"),
        ('[[{"type": "saga_sang", "at": 1}]]', "not the rows of a history"),
        ("[1]", "not the rows of a history"),
    ],
)
async def test_what_is_no_history(saga: SagaTest, given: str, words: str) -> None:
    """The error says what is, and how to have one."""
    with pytest.raises(UnreadableHistory, match=words):
        await saga.replay(book_trip, given)


async def test_another_version(saga: SagaTest) -> None:
    """Its history belongs to it."""

    @declared(version=2, name="book_trip")
    async def newer(trip: Trip, flights: Flights) -> None:
        pass

    with pytest.raises(ValueError, match="history of book_trip version 1"):
        await saga.replay(newer, COMPLETES)


async def differs(definition: SagaDefinition, file: str = "completes") -> str:
    """What the error says."""
    with pytest.raises(DoesNotFit) as caught:
        await SagaTest().replay(definition, GOLDEN / f"book_trip_v1_{file}.json")
    return str(caught.value)


async def test_another_step() -> None:
    """The event, what was found instead, and the line of code."""

    @declared(version=1, name="book_trip")
    async def changed(trip: Trip, flights: Flights, payments: Payments) -> None:
        await flights.reserve(ReserveFlight(trip.traveller, trip.destination, 1))
        await payments.charge(ChargeCard(trip.card, 1))

    message = await differs(changed)
    assert (
        "Expected (event 4 of the history): step 2: hotels.reserve. Found: the code asks for step 2: payments"
        in message
    )
    assert "test_replaying.py:" in message
    assert ": await payments.charge(ChargeCard(trip.card, 1))\n" in message
    assert "→    4     0.0 s  step 2  hotels.reserve          issued" in message
    assert "give the change a new version" in message


async def test_a_step_too_soon() -> None:
    """Asked for by a coroutine of its own: the line is that of the call."""

    @declared(version=1, name="book_trip")
    async def grouped(trip: Trip, flights: Flights, hotels: Hotels) -> None:
        async with asyncio.TaskGroup() as both:
            both.create_task(flights.reserve(ReserveFlight(trip.traveller, trip.destination, 1)))
            both.create_task(hotels.reserve(ReserveHotel(trip.traveller, trip.city, 1, 1)))

    message = await differs(grouped)
    assert "Expected (event 3 of the history): nothing more before StepSucceeded" in message
    assert ": both.create_task(hotels.reserve(" in message


async def test_a_step_too_few() -> None:
    """The line is the one that the code waits at."""

    @declared(version=1, name="book_trip")
    async def waits(trip: Trip, flights: Flights) -> None:
        await flights.reserve(ReserveFlight(trip.traveller, trip.destination, 1))
        await asyncio.get_running_loop().create_future()

    message = await differs(waits)
    assert "Found: the code asks for nothing" in message
    assert ": await asyncio.get_running_loop().create_future()\n" in message


async def test_another_timer() -> None:
    """A sleep where the history has none."""

    @declared(version=1, name="book_trip")
    async def rests(trip: Trip, flights: Flights) -> None:
        await flights.reserve(ReserveFlight(trip.traveller, trip.destination, 1))
        await asyncio.sleep(5)

    message = await differs(rests)
    assert "the code asks for timer 1 started" in message
    assert ": await asyncio.sleep(5)\n" in message


async def test_another_end() -> None:
    """The code goes through where the saga went back."""

    @declared(version=1, name="book_trip")
    async def content(trip: Trip, flights: Flights) -> str:
        try:
            await flights.reserve(ReserveFlight(trip.traveller, trip.destination, 1))
        except Exception:
            return "at home"
        return "away"

    message = await differs(content, "has_no_seat")
    assert "at event 4, the code returns." in message
    assert "→    4     0.0 s  compensation started  (sold_out)" in message


async def test_code_that_breaks_at_the_end() -> None:
    """All steps are as they were, and then it raises."""

    @declared(version=1, name="book_trip")
    async def breaks(trip: Trip, flights: Flights, hotels: Hotels, payments: Payments) -> None:
        await book_trip.function(trip, flights, hotels, payments)
        raise KeyError("seat")

    assert "at event 10, the code raises KeyError('seat')." in await differs(breaks)
