"""The batches in flight, and whether one more is worth a transaction of its own."""

import asyncio
from collections.abc import Callable

PATIENCE_S = 0.05
"""A batch that takes longer keeps nobody back."""


class InFlight:
    """Under light load nobody waits for company; under more of it batches grow, rather than their number.

    A batch of one costs a third of a batch of twenty (commit, hand-over to Kafka, wake-ups of everybody). So another
    is started beside those in flight once as many sagas wait as the largest of them has; and, however few wait, when
    one of them has ended, or all have been under way for long.
    """

    def __init__(self, most: int, look_again: Callable[[], None]) -> None:
        """``most`` at the same time. ``look_again`` is called when patience has run out."""
        self._most = most
        self._look_again = look_again
        self._batches: dict[asyncio.Task[None], tuple[int, float]] = {}
        """Each with its number of sagas, and since when."""
        self._patience: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return bool(self._batches)

    def room_for(self, waiting: int) -> bool:
        """Whether a batch should be started, of so many sagas."""
        batches = self._batches
        if not batches:
            return True
        if len(batches) >= self._most:
            return False
        largest, youngest = map(max, zip(*batches.values(), strict=True))
        if waiting >= largest:
            return True
        loop = asyncio.get_running_loop()
        left_s = youngest + PATIENCE_S - loop.time()
        if left_s <= 0:
            return True
        if self._patience is None:
            self._patience = loop.call_later(left_s, self._ran_out)
        return False

    def add(self, batch: "asyncio.Task[None]", sagas: int) -> None:
        """It is under way."""
        self._batches[batch] = (sagas, asyncio.get_running_loop().time())

    def remove(self, batch: "asyncio.Task[None]") -> None:
        """It has ended."""
        del self._batches[batch]

    def cancel(self) -> None:
        """Ends them all."""
        for batch in self._batches:
            batch.cancel()

    def _ran_out(self) -> None:
        self._patience = None
        self._look_again()
