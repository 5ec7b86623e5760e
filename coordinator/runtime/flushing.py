"""Deletes acknowledged outbox rows alone, when no batch comes that would take them along."""

import asyncio

import structlog

from coordinator.runtime.limits import Limits
from coordinator.runtime.ports import OutcomeUnknown, SagaStore, StoreUnavailable
from coordinator.runtime.relay import Relay

log = structlog.get_logger(__name__)


class Flushing:
    """Waits until nothing was taken along for a moment, then commits the deletions."""

    def __init__(self, relay: Relay, store: SagaStore, limits: Limits) -> None:
        self._relay, self._store = relay, store
        self._idle_s = limits.flush_idle_ms / 1e3
        self._retry = limits.store_retry
        self._failures = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[bool] | None = None
        relay.on_confirmed = self._later

    def _later(self) -> None:
        if self._timer is None:
            delay_s = self._retry.delay_s(self._failures + 5) if self._failures else self._idle_s
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._start)

    def _start(self) -> None:
        self._timer = None
        if self._task is not None or not self._relay.confirmed:
            return
        if self._relay.taken_since(self._idle_s):
            self._later()
        else:
            self._task = asyncio.get_running_loop().create_task(self.flush())

    async def flush(self) -> bool:
        """Commits what is there now; False when Postgres did not answer, then it is tried again later."""
        confirmed = self._relay.take_confirmed()
        done = False
        try:
            if confirmed:
                await self._store.commit((), confirmed)
            self._relay.deleted(confirmed)
            self._failures = 0
            done = True
        except (StoreUnavailable, OutcomeUnknown) as error:
            self._failures += 1
            log.warning("flush_failed", error=str(error), rows=len(confirmed))
        except Exception:
            self._failures += 1
            log.exception("flush_failed", rows=len(confirmed))
        finally:
            self._task = None
            if not done:
                self._relay.give_back(confirmed)
            elif self._relay.confirmed:
                self._later()
        return done

    def stop(self) -> None:
        """No more flushes by itself."""
        if self._timer is not None:
            self._timer.cancel()
        self._relay.on_confirmed = lambda: None
