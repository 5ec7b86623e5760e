"""The clock of a test: it stands still until something is waited for, or until it is moved."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from contracts.durations import Duration, milliseconds
from coordinator.explore.driver import FIRST_MOMENT


class Clock:
    """One for all sagas of a test."""

    def __init__(self, pass_until: Callable[[int], Awaitable[None]]) -> None:
        self.now_ms = FIRST_MOMENT
        """In ms since 1970."""
        self._pass_until = pass_until

    @property
    def now(self) -> datetime:
        """In UTC."""
        return datetime.fromtimestamp(self.now_ms / 1_000, UTC)

    async def advance(self, duration: Duration) -> None:
        """Lets time go by (``"30d"``): what is due meanwhile happens when it is due, in every saga of the test."""
        until = self.now_ms + milliseconds(duration)
        await self._pass_until(until)
        self.now_ms = until

    def reach(self, moment: int) -> None:
        """It is that late now, or later."""
        self.now_ms = max(self.now_ms, moment)
