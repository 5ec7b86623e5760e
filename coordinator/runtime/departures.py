"""Sagas that begin while many others are on their first step wait for company, and go on together with it."""

import asyncio
from collections.abc import Callable

from coordinator.runtime.letter import Letter
from coordinator.runtime.limits import Limits

Boxes = dict[str, list[Letter]]
"""By saga."""


class Departures:
    """Like Nagle's algorithm (RFC 896), for sagas: what begins while a company is on its first step goes with the next
    one. The busier the system, the larger the companies, and the less a saga costs. See decision 32.

    Nobody waits while few are on their first step, and nobody longer than that step takes those who left before him;
    ``company_wait_ms`` is a bound to it. But clients who were told together that their sagas have ended come back
    together: the first of them waits ``company_back_ms`` at most for the others. See decision 35.
    """

    def __init__(self, limits: Limits, depart: Callable[[Boxes], None]) -> None:
        """``depart`` is given the mail of a company whose time has come."""
        self._few, self._most = limits.first_steps, limits.company_sagas
        self._door_s, self._patience_s = limits.company_door_ms / 1e3, limits.company_wait_ms / 1e3
        self._back_s, self._told_s = limits.company_back_ms / 1e3, limits.company_told_ms / 1e3
        self._depart = depart
        self.under_way: set[str] = set()
        """Of the last company, those of which nothing has been heard. Whoever hears of one tells ``heard``."""
        self.gathered: Boxes = {}
        """What waits for the next one."""
        self._left_at = float("-inf")
        self._expected = 0
        """Clients who were told lately, and have not come back."""
        self._told_at = float("-inf")
        self._for_others = False
        """What waits, waits for those clients, and not for what is heard."""
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def keeps(self, saga_id: str, letter: Letter) -> bool:
        """Whether a saga that begins has to wait; then its mail departs later, otherwise it should go now."""
        if self._closed:
            return False
        others = self._others() if self._expected else 0
        if not self.gathered and not self._must_wait(saga_id, others):
            return False
        self.gathered[saga_id] = [letter]
        if len(self.gathered) >= self._most:
            self._for_others = False
            self._go()
        elif self._for_others and not others:
            self._go()
        return True

    def _others(self) -> int:
        """How many more are expected behind this one."""
        self._expected = self._expected - 1 if self._told_lately() else 0
        return self._expected

    def _told_lately(self) -> bool:
        return asyncio.get_running_loop().time() - self._told_at < self._told_s

    def _must_wait(self, saga_id: str, others: int) -> bool:
        loop = asyncio.get_running_loop()
        now = loop.time()
        ago_s = now - self._left_at
        if ago_s >= self._patience_s:
            self._left_at, self.under_way = now, set()
        elif len(self.under_way) >= self._few and ago_s >= self._door_s:
            self._timer = loop.call_later(self._patience_s - ago_s, self._go)
            return True
        if others:
            self._for_others = True
            self._timer = loop.call_later(self._back_s, self._go)
            return True
        self.under_way.add(saga_id)
        return False

    def told(self, clients: int) -> None:
        """So many were told just now that the saga has ended for which they waited."""
        self._expected = clients + (self._expected if self._told_lately() else 0)
        self._told_at = asyncio.get_running_loop().time()

    def heard(self, saga_id: str) -> None:
        """Something has come for a saga that was under way, or nothing is going to come."""
        self.under_way.discard(saga_id)
        if self.gathered and len(self.under_way) < self._few and not self._for_others:
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
        if self._for_others:
            # They are as those who did not have to wait at all: what begins behind them has a company to wait for soon.
            self._for_others = False
            self.under_way.update(company)
        else:
            self.under_way = set(company)
            self._left_at = asyncio.get_running_loop().time()
        self._depart(company)
