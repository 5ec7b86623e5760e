"""A saga that says itself what is to be done on its way back: docs/writing-a-saga.md shows it."""

import msgspec

from contracts.travel import Payments
from contracts.travel.payments import ChargeCard
from coordinator.saga import RETRIABLE, Contract, Refused, command, on_undo, saga


class Rooms(Contract, name="rooms"):
    """Who is in which room."""

    @command()
    async def clear(self, number: int) -> None:
        """The guest is out, and the next may have it."""

    @command()
    async def let(self, guest: str, number: int | None) -> None:
        """The guest is in; None: in any. Refused when somebody else is."""

    @let.undo()
    async def vacate(self, guest: str, number: int | None, result: None) -> None:
        """The guest is out again."""

    @command(nothing_to_undo=True)
    async def of(self, guest: str) -> int | None:
        """The guest's room."""
        ...


class Notices(Contract, name="notices"):
    """What guests are told."""

    @command(kind=RETRIABLE)
    async def tell(self, guest: str, text: str) -> None:
        """Sends a message. Nobody can take that back."""


class Move(msgspec.Struct, frozen=True):
    """Who moves, and for how much."""

    guest: str
    old: int
    better: int
    card: str
    price: int
    """In cents."""


@saga(version=1)
async def house_again(move: Move, rooms: Rooms) -> None:
    """Whoever is out is let in again: into the old room, or into another one if that is taken by now."""
    if await rooms.of(move.guest) is not None:
        return
    try:
        await rooms.let(move.guest, move.old)
    except Refused:
        await rooms.let(move.guest, None)


@saga(version=1, key="{move.guest}")
async def move_guest(move: Move, rooms: Rooms, payments: Payments, notices: Notices) -> int:
    """Out of one room and into a better one, which costs more."""
    on_undo(notices.tell, move.guest, "You could not move, and have paid nothing.")
    on_undo(house_again, move)
    await rooms.clear.using(undo=None)(move.old)
    await rooms.let(move.guest, move.better)
    await payments.charge(ChargeCard(move.card, move.price))
    return move.better
