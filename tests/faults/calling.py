"""Sagas whose steps are sagas, named by AMENDS_CATALOGUE."""

import asyncio

from contracts.travel.flights import Flights, ReserveFlight
from contracts.travel.hotels import Hotels, ReserveHotel
from coordinator.saga import Definitions, Refused, Signal, child, saga


@saga(version=1)
async def leg(city: str, flights: Flights, hotels: Hotels) -> str:
    """A seat and a room."""
    await flights.reserve(ReserveFlight("Ada", city, 12_000))
    await hotels.reserve(ReserveHotel("Ada", city, 2, 18_000))
    return city


@saga(version=1)
async def tour(cities: list[str], flights: Flights, leave: Signal[bool]) -> list[str]:
    """A seat home, a leg for each city, all at once, and a person who decides whether all that stands."""
    await flights.reserve(ReserveFlight("Ada", "Lisbon", 12_000))
    legs = await asyncio.gather(*(child(leg, city) for city in cities))
    if not await leave:
        raise Refused("stays")
    return legs


DEFINITIONS = Definitions([leg, tour])
