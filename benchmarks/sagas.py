"""The saga that is measured: three steps, one after another."""

import msgspec

from benchmarks.contracts import First, Second, Third, Work
from coordinator.saga import Definitions, saga


class Order(msgspec.Struct, frozen=True):
    """What is asked for."""

    number: int
    refuse: bool = False


@saga(version=1, key="{order.number}")
async def three_steps(order: Order, first: First, second: Second, third: Third) -> int:
    """Three steps in a row."""
    one = await first.work(Work(order.number))
    two = await second.work(Work(one.number))
    three = await third.work(Work(two.number, order.refuse))
    return three.number


DEFINITIONS = Definitions([three_steps])
