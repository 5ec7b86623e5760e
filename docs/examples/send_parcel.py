"""A saga with two mistakes, which docs/exploring-a-saga.md finds."""

import msgspec

from coordinator.saga import PIVOT, Contract, Retry, command, saga


class Label(msgspec.Struct, frozen=True):
    """What is stuck on a parcel."""

    number: str
    insured: bool


class Couriers(Contract, name="couriers"):
    """Those who bring parcels."""

    @command(timeout="5s", retry=Retry(attempts=3, backoff="1s"))
    async def book(self, parcel: str) -> Label:
        """Books a courier."""
        ...

    @book.undo()
    async def call_off(self, parcel: str, label: Label) -> None:
        """Calls the courier off, by the label's number."""

    @command(kind=PIVOT, timeout="5s", retry=Retry.forever())
    async def hand_over(self, label: str) -> None:
        """The parcel is gone."""

    @command(timeout="5s")
    async def insure(self, label: str) -> str:
        """Insures the parcel; the policy's number."""
        ...

    @insure.undo()
    async def cancel_insurance(self, label: str, policy: str | None) -> None:
        """Ends the insurance."""


@saga(version=1, key="{parcel}")
async def send_parcel(parcel: str, couriers: Couriers) -> str:
    """Book a courier and hand the parcel over."""
    label = await couriers.book(parcel)
    await couriers.hand_over(label.number)
    if not label.insured:
        await couriers.insure(label.number)
    return label.number
