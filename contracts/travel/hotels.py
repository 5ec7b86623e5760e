"""Rooms in hotels."""

import msgspec

from contracts.command import command
from contracts.contract import Contract
from contracts.retry import Retry


class ReserveHotel(msgspec.Struct, frozen=True):
    """A room for a traveller."""

    traveller: str
    city: str
    nights: int
    price: int
    """In cents, for the whole stay."""


class HotelHold(msgspec.Struct, frozen=True):
    """A room kept for the trip."""

    ref: str
    price: int
    """In cents."""


class Hotels(Contract, name="hotels"):
    """Rooms in hotels."""

    @command(timeout="5s", retry=Retry(attempts=5, backoff="200ms..10s"))
    async def reserve(self, request: ReserveHotel) -> HotelHold:
        """Keeps a room."""
        ...

    @reserve.undo(timeout="1s", retry=Retry.forever(backoff="200ms..5m"))
    async def release(self, request: ReserveHotel, hold: HotelHold | None) -> None:
        """Gives the room back."""
