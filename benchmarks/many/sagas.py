"""Sagas that are large, or asleep."""

import asyncio

import msgspec

from benchmarks.contracts import First, Second, Third, Work
from benchmarks.many.contracts import People
from benchmarks.sagas import Order
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


class Visit(msgspec.Struct, frozen=True):
    """How long to rest after the first step."""

    number: int
    rest_s: float
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


@saga(version=1, key="{visit.number}")
async def rest(visit: Visit, first: First, second: Second, third: Third) -> int:
    """A step, a rest, two more steps."""
    one = await first.work(Work(visit.number))
    await asyncio.sleep(visit.rest_s)
    two = await second.work(Work(one.number))
    three = await third.work(Work(two.number, visit.refuse))
    return three.number


@saga(version=1, key="{order.number}")
async def approval(order: Order, first: First, people: People) -> int:
    """A step, and then somebody who takes days."""
    one = await first.work(Work(order.number))
    return (await people.approve(Work(one.number))).number


DEFINITIONS = Definitions([nap, fan, line, rest, approval])
