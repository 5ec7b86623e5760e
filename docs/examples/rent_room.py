"""A saga whose calls have policies of their own: docs/writing-a-saga.md shows it."""

import msgspec

from coordinator.saga import Contract, Failed, Refused, Retry, TimedOut, command, saga


class Stay(msgspec.Struct, frozen=True):
    """Who wants a room, and on which day."""

    guest: str
    day: str


class Rooms(Contract, name="rooms"):
    """Rooms to let."""

    @command(timeout="5s", retry=Retry(attempts=8, backoff="1s..20s", total="2m", unless=("room_unknown",)))
    async def rent(self, stay: Stay) -> str:
        """Rents a room; its number. Refused when there is none."""
        ...

    @rent.undo(retry=Retry(attempts=None, backoff="1s..5m", total="1d"))
    async def hand_back(self, stay: Stay, number: str | None) -> None:
        """Hands it back."""

    @rent.other_undo()
    async def sublet(self, stay: Stay, number: str | None) -> None:
        """Lets it to somebody else."""

    @command()
    async def light_the_stove(self, number: str) -> None:
        """Makes it warm. There is no way to take that back."""


@saga(version=1, key="{stay.guest}")
async def rent_room(stay: Stay, rooms: Rooms) -> str:
    """A room by the sea if it can be had at once, or else any; and it is warm."""
    try:
        number = await rooms.rent.using(timeout="1s", retry=Retry.never(), undo=Rooms.sublet)(stay)
    except (Failed, TimedOut):
        number = await rooms.rent(stay)
    await rooms.light_the_stove.using(undo=None)(number)  # it goes out by itself
    if number == "13":
        raise Refused("unlucky")
    return number
