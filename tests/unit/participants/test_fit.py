"""A handler fits its contract, or the import fails with a sentence that says what to write."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from contracts import Problem
from contracts.travel.flights import FlightHold, Flights, IssueTicket, ReserveFlight, Ticket
from contracts.travel.hotels import Hotels
from participants.sdk import Delivery, Heartbeat, Participant
from participants.sdk.handler import Function, fit


async def reserve(request: ReserveFlight) -> FlightHold: ...  # type: ignore[empty-body]
async def release(request: ReserveFlight, hold: FlightHold | None) -> None: ...
async def issue_ticket(request: IssueTicket) -> Ticket: ...  # type: ignore[empty-body]


def test_the_bare_contract_fits() -> None:
    """Nothing has to be injected."""
    handler = fit(Flights.reserve, reserve)
    assert (handler.delivery, handler.session, handler.connection, handler.cause) == (None, None, None, None)
    assert not handler.needs_database


def test_what_is_asked_for_is_found_by_its_type() -> None:
    """Under any name and in any place."""

    async def all_of_it(  # type: ignore[empty-body]
        d: Delivery,
        why: Problem,
        request: ReserveFlight,
        s: AsyncSession,
        hold: FlightHold | None,
        *,
        c: AsyncConnection,
    ) -> None: ...

    handler = fit(Flights.release, all_of_it)
    assert (handler.result, handler.delivery, handler.session, handler.connection) == ("hold", "d", "s", "c")
    assert handler.cause == "why"


async def wrong_name(order: ReserveFlight) -> FlightHold: ...  # type: ignore[empty-body]
async def wrong_type(request: IssueTicket) -> FlightHold: ...  # type: ignore[empty-body]
async def wrong_result(request: ReserveFlight) -> Ticket: ...  # type: ignore[empty-body]
async def no_result(request: ReserveFlight): ...  # type: ignore[no-untyped-def]
async def unknown_extra(request: ReserveFlight, day: int) -> FlightHold: ...  # type: ignore[empty-body]
async def two_deliveries(request: ReserveFlight, a: Delivery, b: Delivery) -> FlightHold: ...  # type: ignore[empty-body]
async def a_cause(request: ReserveFlight, why: Problem) -> FlightHold: ...  # type: ignore[empty-body]
async def any_others(request: ReserveFlight, **others: Any) -> FlightHold: ...  # type: ignore[empty-body]
async def by_place(request: ReserveFlight, /) -> FlightHold: ...  # type: ignore[empty-body]
async def unannotated(request) -> FlightHold: ...  # type: ignore[no-untyped-def]
def not_async(request: ReserveFlight) -> FlightHold: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (wrong_name, "it does not take request"),
        (wrong_type, "request is IssueTicket, not ReserveFlight"),
        (wrong_result, "it returns Ticket, not FlightHold"),
        (no_result, "it returns nothing declared, not FlightHold"),
        (unknown_extra, "nobody can say what to pass as day: int"),
        (two_deliveries, "nobody can say what to pass as b: Delivery"),
        (a_cause, "nobody can say what to pass as why: Problem"),
        (any_others, "others cannot be passed by name"),
        (by_place, "request cannot be passed by name"),
        (unannotated, "request has no annotation"),
        (not_async, "it is not declared with 'async def'"),
    ],
)
def test_what_does_not_fit_is_named_with_both_places(function: Function, why: str) -> None:
    """File and line of the handler and of the contract, the reason, and what to write."""
    with pytest.raises(TypeError) as raised:
        fit(Flights.reserve, function)
    message = str(raised.value)
    assert why in message
    assert f"{__file__}:{function.__code__.co_firstlineno}" in message  # type: ignore[attr-defined]
    assert "contracts/travel/flights.py:" in message
    assert f"async def {function.__name__}(request: ReserveFlight, …) -> FlightHold" in message


async def beats(request: ReserveFlight, beat: Heartbeat[int]) -> FlightHold: ...  # type: ignore[empty-body]
async def beats_bare(request: ReserveFlight, beat: Heartbeat) -> FlightHold: ...  # type: ignore[empty-body, type-arg]
async def beats_twice(request: ReserveFlight, a: Heartbeat[int], b: Heartbeat[str]) -> FlightHold: ...  # type: ignore[empty-body]
async def beats_in_session(request: ReserveFlight, a: Heartbeat[int], db: AsyncSession) -> FlightHold: ...  # type: ignore[empty-body]
async def beats_odd(request: ReserveFlight, a: Heartbeat[int | Ticket | FlightHold]) -> FlightHold: ...  # type: ignore[empty-body]
async def release_beats(request: ReserveFlight, hold: FlightHold | None, a: Heartbeat[int]) -> None: ...


def test_a_handler_with_a_heartbeat_takes_long() -> None:
    """The type of its details is what it says, or anything."""
    assert [
        (fit(Flights.reserve, each).heartbeat, fit(Flights.reserve, each).details) for each in (beats, beats_bare)
    ] == [
        ("beat", int),
        ("beat", Any),
    ]
    assert fit(Flights.reserve, reserve).heartbeat is None


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (beats_twice, "it takes two Heartbeats"),
        (beats_in_session, "write 'async with heartbeat.transaction"),
        (beats_odd, "cannot be read from JSON"),
    ],
)
def test_where_a_heartbeat_cannot_be(function: Function, why: str) -> None:
    """A sentence says so when the module is imported."""
    with pytest.raises(TypeError, match=why):
        fit(Flights.reserve, function)


def test_an_undo_has_no_heartbeat() -> None:
    """Its progress would mean nothing to the coordinator."""
    with pytest.raises(TypeError, match="an undo has no Heartbeat"):
        fit(Flights.release, release_beats)


def test_an_undo_takes_the_result_or_none() -> None:
    """The outcome may be unknown, and a handler that forgets it does not fit."""

    async def sure(request: ReserveFlight, hold: FlightHold) -> None: ...

    with pytest.raises(TypeError, match="hold is FlightHold, not"):
        fit(Flights.release, sure)


def test_a_command_of_another_contract_is_an_error() -> None:
    """It would never be called."""
    with pytest.raises(TypeError, match="does not belong to Flights"):
        Participant(Flights).on(Hotels.reserve)


def test_a_second_handler_is_an_error() -> None:
    """Which of the two is meant?"""
    flights = Participant(Flights)
    flights.on(Flights.reserve)(reserve)
    with pytest.raises(TypeError, match="has the handler"):
        flights.on(Flights.reserve)(reserve)


def test_what_has_no_handler_is_named_at_the_start() -> None:
    """Undos included."""
    flights = Participant(Flights)
    flights.on(Flights.reserve)(reserve)
    with pytest.raises(TypeError, match=r"Flights\.release has no handler; Flights\.issue_ticket has no handler"):
        flights.complete(database=True)


def test_a_session_without_a_database_is_an_error_at_the_start() -> None:
    """Not at the first command."""

    async def with_session(request: ReserveFlight, db: AsyncSession) -> FlightHold: ...  # type: ignore[empty-body]

    flights = Participant(Flights)
    flights.on(Flights.reserve)(with_session)
    flights.on(Flights.release)(release)
    flights.on(Flights.issue_ticket)(issue_ticket)
    flights.complete(database=True)
    with pytest.raises(TypeError, match="asks for a session, but there is no database"):
        flights.complete(database=False)


def test_a_participant_without_barrier_takes_no_database() -> None:
    """It would not be used, and whoever gave it believes in a barrier."""
    flights = Participant(Flights, barrier=False)
    for target, function in (
        (Flights.reserve, reserve),
        (Flights.release, release),
        (Flights.issue_ticket, issue_ticket),
    ):
        flights.on(target)(function)
    flights.complete(database=False)
    with pytest.raises(TypeError, match="leave it out"):
        flights.complete(database=True)
