"""A saga that listens as long as its guest stays: docs/writing-a-saga.md shows it."""

import asyncio
from contextlib import suppress

import msgspec

from coordinator.saga import PIVOT, RETRIABLE, Contract, Refused, Retry, Signal, command, saga


class Order(msgspec.Struct, frozen=True):
    """What a guest asks for; nothing more is the bill."""

    drink: str | None = None


class Bar(Contract, name="bar"):
    """Where drinks come from."""

    @command(timeout="10s", retry=Retry(attempts=3, backoff="1s..5s"))
    async def pour(self, drink: str) -> int:
        """Pours a drink; its price in cents. Refused when there is none left."""
        ...

    @pour.undo(retry=Retry.forever(backoff="1s..5m"))
    async def take_back(self, drink: str, price: int | None) -> None:
        """Takes it off the list; None: nobody knows whether it was poured."""

    @command(timeout="30s", kind=PIVOT)
    async def charge(self, cents: int) -> str:
        """Charges the guest's card; the number of the receipt."""
        ...

    @charge.undo(retry=Retry.forever(backoff="1s..5m"))
    async def refund(self, cents: int, receipt: str | None) -> None:
        """Only where nobody knows whether it was charged."""

    @command(timeout="10s", kind=RETRIABLE)
    async def send_receipt(self, number: str) -> None:
        """Sends the receipt. It cannot be refused, so it is tried until it is done."""


@saga(version=1, key="{guest}", deadline="12h")
async def run_tab(guest: str, bar: Bar, order: Signal[Order]) -> int:
    """Pour what is ordered, until the bill is asked for or nobody has ordered for an hour."""
    prices: list[int] = []
    with suppress(TimeoutError):
        while (wish := await next_order(order)).drink is not None:
            try:
                prices.append(await bar.pour(wish.drink))
            except Refused:
                continue  # there is none left; the guest stays
    receipt = await bar.charge(sum(prices))
    await bar.send_receipt(receipt)
    return sum(prices)


async def next_order(order: Signal[Order]) -> Order:
    """Within an hour."""
    async with asyncio.timeout(3_600):
        return await order


@saga(version=1)
async def pour_rounds(rounds: int, bar: Bar) -> list[int]:
    """Two drinks at once, round after round; one that fails takes back all of them."""
    prices: list[int] = []
    for _ in range(rounds):
        async with asyncio.TaskGroup() as both:
            poured = [both.create_task(bar.pour(drink)) for drink in ("beer", "wine")]
        prices += [each.result() for each in poured]
    return prices
