"""Sagas that begin while many others are on their first step wait for company, and go on together with it."""

import asyncio
from collections.abc import Callable

from coordinator.runtime.letter import Letter
from coordinator.runtime.limits import Limits

Boxes = dict[str, list[Letter]]
"""By saga."""


class Departures:
    """Like Nagle's algorithm (RFC 896), for sagas: what begins while a company is on its first step goes with the next
    one. The busier the system, the larger the companies, and the less a saga costs.

    Nobody waits while few are on their first step, and nobody longer than that step takes those who left before him;
    ``company_wait_ms`` is a bound to it. See decision 32.
    """

    def __init__(self, limits: Limits, depart: Callable[[Boxes], None]) -> None:
        """``depart`` is given the mail of a company whose time has come."""
        self._few, self._most = limits.first_steps, limits.company_sagas
        self._door_s, self._patience_s = limits.company_door_ms / 1e3, limits.company_wait_ms / 1e3
        self._depart = depart
        self.under_way: set[str] = set()
        """Of the last company, those of which nothing has been heard. Whoever hears of one tells ``heard``."""
        self.gathered: Boxes = {}
        """What waits for the next one."""
        self._left_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def keeps(self, saga_id: str, letter: Letter) -> bool:
        """Whether a saga that begins has to wait; then its mail departs later, otherwise it should go now."""
        if self._closed:
            return False
        if not self.gathered and not self._must_wait(saga_id):
            return False
        self.gathered[saga_id] = [letter]
        if len(self.gathered) >= self._most:
            self._go()
        return True

    def _must_wait(self, saga_id: str) -> bool:
        loop = asyncio.get_running_loop()
        now = loop.time()
        ago_s = now - self._left_at
        if ago_s >= self._patience_s:
            self._left_at, self.under_way = now, {saga_id}
            return False
        if len(self.under_way) < self._few or ago_s < self._door_s:
            self.under_way.add(saga_id)
            return False
        self._timer = loop.call_later(self._patience_s - ago_s, self._go)
        return True

    def heard(self, saga_id: str) -> None:
        """Something has come for a saga that was under way, or nothing is going to come."""
        self.under_way.discard(saga_id)
        if self.gathered and len(self.under_way) < self._few:
            self._go()

    def close(self) -> None:
        """Nobody waits from here on."""
        self._closed = True
        if self.gathered:
            self._go()

    def _go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        company, self.gathered = self.gathered, {}
        self.under_way = set(company)
        self._left_at = asyncio.get_running_loop().time()
        self._depart(company)
