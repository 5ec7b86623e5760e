"""A saga that says itself what its undos are: a command, a local step, another saga; named by AMENDS_CATALOGUE."""

from contracts.travel.flights import Flights, ReserveFlight
from contracts.travel.hotels import Hotels, ReserveHotel
from coordinator.saga import Definitions, Refused, Signal, on_undo, saga
from tests.faults.noting import Errand, Notebook


@saga(version=1)
async def take_again(city: str, flights: Flights, hotels: Hotels) -> str:
    """An undo with a logic of its own: the old seat and the old room."""
    await flights.reserve(ReserveFlight("Ada", city, 12_000))
    await hotels.reserve(ReserveHotel("Ada", city, 2, 18_000))
    return city


@saga(version=1)
async def swap_weekend(
    errand: Errand, flights: Flights, hotels: Hotels, notebook: Notebook, leave: Signal[bool]
) -> None:
    """Another weekend in place of the old one, if a person likes it."""
    on_undo(take_again, "Rome")
    await flights.reserve(ReserveFlight("Ada", "Oslo", 12_000))
    on_undo(hotels.reserve, ReserveHotel("Ada", "Bonn", 2, 18_000))
    on_undo(notebook.write, errand)
    await hotels.reserve(ReserveHotel("Ada", "Oslo", 2, 18_000))
    if not await leave:
        raise Refused("stays")


DEFINITIONS = Definitions([take_again, swap_weekend])
