"""A saga as it was written first, named by AMENDS_CATALOGUE."""

import asyncio

from contracts.travel.flights import Flights, ReserveFlight
from contracts.travel.hotels import Hotels, ReserveHotel
from coordinator.saga import Definitions, saga


@saga(version=1)
async def visit(pause: float, flights: Flights, hotels: Hotels) -> str:
    """A flight, some thinking, a hotel."""
    flight = await flights.reserve(ReserveFlight("Ada", "Lisbon", 12_000))
    await asyncio.sleep(pause)
    hotel = await hotels.reserve(ReserveHotel("Ada", "Lisbon", 2, 18_000))
    return f"{flight.ref} {hotel.ref}"


DEFINITIONS = Definitions([visit])
