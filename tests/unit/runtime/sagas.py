"""Small sagas, and the facts that drive them."""

import asyncio

import msgspec

from contracts.answers import Answer, Success
from contracts.values import NULL
from coordinator.engine.facts import Start
from coordinator.runtime.ports import OutboxRow
from coordinator.saga import Contract, Definitions, Refused, Retry, command, saga


class Shop(Contract, name="shop"):
    """What the sagas here call."""

    @command(timeout="20s", retry=Retry(attempts=3, backoff="50ms..50ms"))
    async def reserve(self, item: str) -> str:
        """Has an undo."""
        ...

    @reserve.undo(timeout="20s")
    async def release(self, item: str, result: str | None) -> None:
        """Gives it back."""

    @command(timeout="1s", retry=Retry.forever(backoff="100ms..100ms"), nothing_to_undo=True)
    async def ask(self, item: str) -> str:
        """Asked again every second."""
        ...


@saga(version=1)
async def buy(item: str, shop: Shop) -> str:
    """Two steps, one after the other."""
    await shop.reserve(item)
    return await shop.reserve(item + " again")


@saga(version=1)
async def nap(seconds: float) -> str:
    """Only sleeps."""
    await asyncio.sleep(seconds)
    return "rested"


@saga(version=1)
async def long_nap(item: str, shop: Shop) -> str:
    """A step, and then a month of sleep."""
    await shop.reserve(item)
    await asyncio.sleep(30 * 86_400)
    return "rested"


@saga(version=1)
async def inquire(item: str, shop: Shop) -> str:
    """Asks until there is an answer."""
    return await shop.ask(item)


@saga(version=1)
async def broken(item: str) -> str:
    """Says no at once."""
    raise Refused("no")


DEFINITIONS = Definitions([buy, nap, long_nap, inquire, broken])


DONE = Success(msgspec.Raw(b'"done"'))


def start(definition: str, value: object) -> Start:
    """Asks for a saga of that definition."""
    return Start(definition, 1, msgspec.Raw(msgspec.json.encode(value)), "00-" + "a" * 32 + "-" + "b" * 16 + "-01")


def success(row: OutboxRow) -> Answer | None:
    """Every command succeeds; undos too."""
    return Success(NULL) if row.command_id.endswith(":undo") else DONE
