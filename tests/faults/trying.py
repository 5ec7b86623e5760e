"""Sagas that go another way, go round, or go in all directions, named by AMENDS_CATALOGUE."""

import asyncio

from contracts.travel.flights import Flights, IssueTicket, ReserveFlight
from contracts.travel.hotels import Hotels, ReserveHotel
from coordinator.saga import Definitions, Refused, Signal, saga, scope


@saga(version=1)
async def weekend(cities: list[str], flights: Flights, hotels: Hotels) -> str:
    """The first city that has a seat and a room."""
    for city in cities:
        try:
            async with scope():
                await flights.reserve(ReserveFlight("Ada", city, 12_000))
                await hotels.reserve(ReserveHotel("Ada", city, 2, 18_000))
                return city
        except Refused:
            continue
    raise Refused("nowhere_to_go")


@saga(version=1)
async def round_trip(cities: list[str], flights: Flights) -> None:
    """A seat to each of these cities, or none."""
    for city in cities:
        await flights.reserve(ReserveFlight("Ada", city, 12_000))


@saga(version=1)
async def excursion(seats: int, flights: Flights) -> int:
    """Seats for all, asked for at once."""
    holds = await asyncio.gather(
        *(flights.reserve(ReserveFlight(f"Guest {number}", "Lisbon", 12_000)) for number in range(seats))
    )
    return len({hold.ref for hold in holds})


@saga(version=1)
async def year(days: int, flights: Flights, day: Signal[int]) -> int:
    """A seat is held, and let go unless somebody signals, the last time a hundred days ago at most."""
    await flights.reserve(ReserveFlight("Ada", "Lisbon", 12_000))
    total = 0
    for _ in range(days):
        async with asyncio.timeout(100 * 24 * 3_600):
            total += await day
    return total


@saga(version=1, deadline="30d")
async def one_way(guests: list[str], flights: Flights, go: Signal[None]) -> list[str]:
    """A seat for each, then their tickets: from the first one on there is no way back."""
    holds = [await flights.reserve(ReserveFlight(guest, "Lisbon", 12_000)) for guest in guests]
    tickets: list[str] = []
    for hold in holds:
        tickets.append((await flights.issue_ticket(IssueTicket(hold.ref))).number)
        await go
    return tickets


DEFINITIONS = Definitions([weekend, round_trip, excursion, year, one_way])
