"""Trips of every kind: such as are booked, such as are refused at each step, quick ones and slow ones."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.faults.asked import Asked
from tests.faults.system import System

_BASE = {"traveller": "Ada Lovelace", "destination": "Lisbon", "card": "visa-4242"}
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "booked": ({}, "completed"),
    "declined": ({"card": "refuse-1"}, "compensated"),
    "slow": ({"pause": 0.4}, "completed"),
    "full": ({"city": "Nowhere"}, "compensated"),
    "slow_declined": ({"pause": 0.3, "card": "refuse-2"}, "compensated"),
    "no_flight": ({"destination": "Atlantis"}, "failed"),
}
"""What is special about the trip, and how it ends."""


class Trips(Asked):
    """The trips of one test."""

    def __init__(self, system: System, name: str) -> None:
        """``name`` begins their keys, so it must be unlike any other test's."""
        super().__init__(system)
        self._name = name

    async def ask(self, kind: str, *, coordinators: Sequence[int] = (0,), **changes: Any) -> str:
        """Asks for one more trip of the kind; its saga's id."""
        special, expected = KINDS[kind]
        key = f"{self._name}-{len(self.expected)}"
        trip = {**_BASE, "trip_id": key, **special, **changes}
        return await self.start("book_trip", key, trip, expected, coordinators)

    async def ask_for(self, count: int, *, coordinators: Sequence[int] = (0,)) -> None:
        """Asks for so many at once, of all kinds in turn, of these coordinators in turn."""
        kinds = ([*KINDS] * (count // len(KINDS) + 1))[:count]
        turns = [coordinators[number % len(coordinators)] for number in range(count)]
        await asyncio.gather(*(self.ask(kind, coordinators=[turn]) for kind, turn in zip(kinds, turns, strict=True)))
