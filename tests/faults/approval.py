"""A saga that waits for a person, named by AMENDS_CATALOGUE."""

import asyncio

import msgspec

from contracts.travel.flights import Flights, ReserveFlight
from contracts.travel.hotels import Hotels, ReserveHotel
from coordinator.saga import Definitions, Refused, Signal, saga


class Approval(msgspec.Struct, frozen=True):
    """What a person says."""

    by: str
    approved: bool = True


@saga(version=1)
async def approved_trip(days: float, flights: Flights, hotels: Hotels, approval: Signal[Approval]) -> str:
    """A flight is held until somebody approves of the trip, for so many days."""
    flight = await flights.reserve(ReserveFlight("Ada", "Lisbon", 12_000))
    async with asyncio.timeout(days * 24 * 3_600):
        decision = await approval
    if not decision.approved:
        raise Refused("not_approved", by=decision.by)
    hotel = await hotels.reserve(ReserveHotel("Ada", "Lisbon", 2, 18_000))
    return f"{flight.ref} {hotel.ref} {decision.by}"


DEFINITIONS = Definitions([approved_trip])
