"""A saga that is asked while it runs: docs/testing-a-saga.md tests it, docs/exploring-a-saga.md goes through it."""

import asyncio

import msgspec

from coordinator.saga import PIVOT, Contract, Query, Refused, Retry, Update, attributes, command, saga, status


class Address(msgspec.Struct, frozen=True):
    """Where a parcel goes."""

    city: str


class Order(msgspec.Struct, frozen=True):
    """What was bought, and where it goes at first."""

    number: str
    address: Address


class Post(Contract, name="post"):
    """Those who bring parcels."""

    @command(timeout="5s", nothing_to_undo=True)
    async def quote(self, city: str) -> int:
        """What a parcel to that city costs, in cents. Refused where nobody brings any."""
        ...

    @command(timeout="1m", retry=Retry(attempts=3, backoff="1s..5s"))
    async def pack(self, order: str) -> int:
        """Packs the order; its weight in grams."""
        ...

    @pack.undo(retry=Retry.forever(backoff="1s..5m"))
    async def unpack(self, order: str, weight: int | None) -> None:
        """Puts it back; None: nobody knows whether it was packed."""

    @command(timeout="1m", kind=PIVOT)
    async def hand_over(self, order: str, city: str) -> str:
        """The van has it; the number by which the parcel can be found."""
        ...

    @hand_over.undo(retry=Retry.forever(backoff="1s..5m"))
    async def call_back(self, order: str, city: str, number: str | None) -> None:
        """Only where nobody knows whether the van has it."""


@saga(version=1, key="{order.number}")
async def ship_order(order: Order, post: Post, move: Update[Address, int], where: Query[None, Address]) -> str:
    """Pack an order and wait for the evening's van. Until it is handed over, its address can be changed."""
    address, sent = order.address, False

    @move.check
    def _(to: Address) -> None:
        if sent:
            raise Refused("sent", "The parcel is on its way.")

    @move.handle
    async def _(to: Address) -> int:
        nonlocal address
        price = await post.quote(to.city)
        if sent:  # meanwhile
            raise Refused("sent", "The parcel is on its way.")
        address = to
        attributes(city=to.city)
        return price

    @where.answer
    def _() -> Address:
        return address

    attributes(order=order.number, city=address.city)
    status("packing")
    await post.pack(order.number)
    status("waiting for the evening's van")
    await asyncio.sleep(6 * 3_600)
    sent = True
    status(None)
    return await post.hand_over(order.number, address.city)
