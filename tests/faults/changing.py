"""A saga that is changed while it runs, named by AMENDS_CATALOGUE."""

from contracts.travel.flights import Flights, ReserveFlight
from contracts.travel.hotels import Hotels, ReserveHotel
from coordinator.saga import Definitions, Query, Refused, Signal, Update, saga


@saga(version=1)
async def open_trip(
    most: int, flights: Flights, hotels: Hotels, add: Update[str, str], travellers: Query[None, int], go: Signal[None]
) -> list[str]:
    """Travellers join, each with a seat, until it goes: so many at most."""
    joined: list[str] = []

    @add.check
    def _(name: str) -> None:
        if len(joined) >= most:
            raise Refused("full", f"{most} travellers have joined.")

    @add.handle
    async def _(name: str) -> str:
        joined.append(name)
        return (await flights.reserve(ReserveFlight(name, "Lisbon", 12_000))).ref

    @travellers.answer
    def _() -> int:
        return len(joined)

    await go
    await hotels.reserve(ReserveHotel("Ada", "Lisbon", 2, 18_000))
    return joined


DEFINITIONS = Definitions([open_trip])
