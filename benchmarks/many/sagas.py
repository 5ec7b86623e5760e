"""Sagas that are large, or asleep."""

import asyncio

import msgspec

from benchmarks.contracts import First, Third, Work
from coordinator.saga import Definitions, saga


class Nap(msgspec.Struct, frozen=True):
    """Until when to sleep, in ms since 1970."""

    number: int
    until_ms: int


class Size(msgspec.Struct, frozen=True):
    """How many steps. With ``refuse`` one more is asked for, which is refused."""

    number: int
    size: int
    refuse: bool = False


@saga(version=1, key="{nap.number}")
async def nap(nap: Nap) -> None:
    """Sleeps."""
    await asyncio.sleep(nap.until_ms / 1_000 - asyncio.get_running_loop().time())


@saga(version=1, key="{size.number}")
async def fan(size: Size, first: First, third: Third) -> int:
    """All steps at once."""
    done = await asyncio.gather(*(first.work(Work(number)) for number in range(size.size)))
    if size.refuse:
        await third.work(Work(size.number, refuse=True))
    return len(done)


@saga(version=1, key="{size.number}")
async def line(size: Size, first: First) -> int:
    """One step after another."""
    for number in range(size.size):
        await first.work(Work(number))
    return size.size


DEFINITIONS = Definitions([nap, fan, line])
