"""Trips that are asked for all the time, of any coordinator, whatever happens to it; some are cancelled."""

import asyncio
from random import Random

import httpx

from tests.chaos.pace import slowly_between
from tests.chaos.town import Town
from tests.chaos.watch import Watch
from tests.faults.asked import UNANSWERED
from tests.faults.trips import KINDS, Trips

_BOTH = 0.15
"""The share that two coordinators are asked for at the same time."""
_LONG = 0.1
"""The share that sleep for some seconds: most outages find some of them asleep."""
_CANCELLED = 0.08
_ASKING_AT_MOST = 60
_ANSWER_S = 6.0


class Load:
    """The trips of one round."""

    def __init__(self, town: Town, trips: Trips, watch: Watch, random: Random, per_second: float) -> None:
        """``per_second`` is how many are asked for, on average."""
        self._town, self.trips, self._watch = town, trips, watch
        self._random, self._per_second = random, per_second
        self._asking: set[asyncio.Task[None]] = set()
        self.cancelled: set[str] = set()
        """Sagas that somebody asked to cancel: nobody can say how they end."""

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

    async def _ask(self) -> None:
        kind = self._random.choice([*KINDS])
        count = 2 if self._random.random() < _BOTH else 1
        numbers = self._random.sample(self._town.reachable, min(count, len(self._town.reachable)))
        pause = {"pause": self._random.uniform(1, 5)} if self._random.random() < _LONG else {}
        cancelling = self._random.random() < _CANCELLED
        saga_id = await self.trips.ask(kind, coordinators=numbers, **pause)
        if cancelling:
            self.cancelled.add(saga_id)
            await slowly_between(self._random, 0, 1)
            await self._cancel(saga_id)

    async def _cancel(self, saga_id: str) -> None:
        url = self._town.url(self._random.choice(self._town.reachable))
        try:
            async with httpx.AsyncClient(timeout=_ANSWER_S) as http:
                answer = await http.post(f"{url}/v1/sagas/{saga_id}/cancel")
        except UNANSWERED:
            return
        assert answer.status_code in (202, 404, 409, 429, 503), answer.text
