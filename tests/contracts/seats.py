"""The contract that the participant written without the SDK serves."""

import msgspec

from contracts import Contract, command


class WantedSeat(msgspec.Struct, frozen=True):
    """A seat somebody wants."""

    row: int
    """From 1."""


class SeatHold(msgspec.Struct, frozen=True):
    """A seat that is kept."""

    seat: str


class Seats(Contract, name="seats"):
    """Seats in a hall."""

    @command(timeout="5s")
    async def reserve(self, request: WantedSeat) -> SeatHold:
        """Keeps a seat in the row."""
        ...

    @reserve.undo(timeout="2s")
    async def release(self, request: WantedSeat, hold: SeatHold | None) -> None:
        """Gives the seat back."""
