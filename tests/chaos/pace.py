"""Time that passes. Here it is the fault itself: an outage lasts, and a frozen process is frozen for a while."""

import asyncio
from random import Random


async def slowly(seconds: float) -> None:
    """Returns when so much time has passed. Nothing is concluded from it."""
    await asyncio.sleep(seconds)


async def slowly_between(random: Random, least: float, most: float) -> None:
    """The same for any time in between."""
    await slowly(random.uniform(least, most))
