"""The clock is told the database's time: what one coordinator takes for five minutes ago, another one must too (T1)."""

import asyncio
from collections.abc import Callable

import structlog

from coordinator.runtime.clock import SteadyClock
from coordinator.runtime.ports import OutcomeUnknown, SagaStore, StoreUnavailable

log = structlog.get_logger(__name__)

_EVERY_S = 10.0
_AT_FIRST_S = 0.2
"""As long as the database has not answered."""
_SLOW_MS = 1_000
"""An answer that took longer says too little."""


class TellingTime:
    """Asks the store what time it is, and goes on asking. Until the first answer nothing is decided."""

    def __init__(self, store: SagaStore, clock: SteadyClock, on_told: Callable[[], None]) -> None:
        """``on_told`` is called once, when the clock has the time."""
        self._store, self._clock, self._on_told = store, clock, on_told

    @property
    def trouble(self) -> str | None:
        """Why nothing is decided, if so."""
        return None if self._clock.told else "Postgres does not say what time it is."

    async def run(self) -> None:
        """Until it is cancelled."""
        while not await self._ask():  # noqa: ASYNC110 (nobody else could tell)
            await asyncio.sleep(_AT_FIRST_S)
        self._on_told()
        while True:
            await asyncio.sleep(_EVERY_S)
            await self._ask()

    async def _ask(self) -> bool:
        """Whether the clock was told the time."""
        asked = self._clock.elapsed_ms
        try:
            time_ms = await self._store.time()
        except (StoreUnavailable, OutcomeUnknown) as error:
            log.info("time_not_told", error=str(error))
            return False
        except Exception:  # whatever the database says: it is asked again
            log.exception("time_not_told")
            return False
        took = self._clock.elapsed_ms - asked
        if took > _SLOW_MS:
            log.info("time_not_told", error=f"The answer took {took:.0f} ms.")
            return False
        self._clock.tell(time_ms + took / 2)
        return True
