"""The same version of the same saga with other code, which should have had a new version."""

import asyncio

from contracts.travel.flights import Flights, ReserveFlight
from contracts.travel.hotels import Hotels, ReserveHotel
from coordinator.saga import Definitions, saga


@saga(version=1)
async def visit(pause: float, flights: Flights, hotels: Hotels) -> str:
    """The hotel comes first now."""
    hotel = await hotels.reserve(ReserveHotel("Ada", "Lisbon", 2, 18_000))
    await asyncio.sleep(pause)
    flight = await flights.reserve(ReserveFlight("Ada", "Lisbon", 12_000))
    return f"{flight.ref} {hotel.ref}"


DEFINITIONS = Definitions([visit])
