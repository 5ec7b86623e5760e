"""Sagas for a participant that is not written with our SDK: seats in a hall, named by AMENDS_CATALOGUE."""

import asyncio

import msgspec

from coordinator.saga import Definitions, saga
from tests.contracts.seats import Seats, WantedSeat


class Party(msgspec.Struct, frozen=True):
    """People who want to sit in these rows, one in each."""

    name: str
    rows: list[int]


@saga(version=1, key="{party.name}")
async def seat_party(party: Party, seats: Seats) -> list[str]:
    """One seat after the other; all of them, or none."""
    return [(await seats.reserve(WantedSeat(row))).seat for row in party.rows]


@saga(version=1, key="{party.name}")
async def seat_crowd(party: Party, seats: Seats) -> list[str]:
    """All seats at once; all of them, or none."""
    holds = await asyncio.gather(*(seats.reserve(WantedSeat(row)) for row in party.rows))
    return [hold.seat for hold in holds]


DEFINITIONS = Definitions([seat_party, seat_crowd])
