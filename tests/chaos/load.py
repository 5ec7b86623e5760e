"""Trips that are asked for all the time, of any coordinator, whatever happens to it."""

import asyncio
from random import Random

from tests.chaos.town import Town
from tests.chaos.watch import Watch
from tests.faults.trips import KINDS, Trips

_BOTH = 0.15
"""The share that two coordinators are asked for at the same time."""
_ASKING_AT_MOST = 60


class Load:
    """The trips of one round."""

    def __init__(self, town: Town, trips: Trips, watch: Watch, random: Random, per_second: float) -> None:
        """``per_second`` is how many are asked for, on average."""
        self._town, self.trips, self._watch = town, trips, watch
        self._random, self._per_second = random, per_second
        self._asking: set[asyncio.Task[str]] = set()

    async def run(self) -> None:
        """Asks until it is cancelled. Raises what a coordinator answered that is no answer."""
        while True:
            if len(self._asking) < _ASKING_AT_MOST:
                self._asking.add(asyncio.create_task(self._ask()))
            await asyncio.sleep(self._random.expovariate(self._per_second))
            for asked in [each for each in self._asking if each.done()]:
                self._asking.discard(asked)
                asked.result()

    async def finish(self) -> None:
        """Waits for the answers that are still out, and asks again for what has none, as clients do."""
        await asyncio.gather(*self._asking)
        self._asking.clear()
        await self.trips.again()

    async def under_way(self) -> list[str]:
        """The sagas that have not ended, as far as the database can be asked."""
        return await self._watch.unended([*self.trips.expected])

    async def _ask(self) -> str:
        kind = self._random.choice([*KINDS])
        count = 2 if self._random.random() < _BOTH else 1
        numbers = self._random.sample(self._town.reachable, min(count, len(self._town.reachable)))
        return await self.trips.ask(kind, coordinators=numbers)
