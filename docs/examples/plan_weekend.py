"""A saga that goes another way where one does not lead: docs/writing-a-saga.md shows it."""

import msgspec

from contracts.travel import Flights, Hotels
from contracts.travel.flights import ReserveFlight
from contracts.travel.hotels import ReserveHotel
from coordinator.saga import Refused, saga, scope


class Wish(msgspec.Struct, frozen=True):
    """Who wants to go away, and where they would like to be, best first."""

    traveller: str
    cities: tuple[str, ...]


@saga(version=1, key="{wish.traveller}")
async def plan_weekend(wish: Wish, flights: Flights, hotels: Hotels) -> str:
    """The first city that has a seat and a room."""
    for city in wish.cities:
        try:
            async with scope():
                await flights.reserve(ReserveFlight(wish.traveller, city, 12_000))
                await hotels.reserve(ReserveHotel(wish.traveller, city, 2, 18_000))
                return city
        except Refused:
            continue  # the seat, if there was one, has been given back
    raise Refused("nowhere_to_go")
