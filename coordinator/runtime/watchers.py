"""Who waits for a saga's next decision: in this process only. What other coordinators commit is not seen here."""

import asyncio
from collections.abc import Callable
from functools import partial

from coordinator.engine.decision import Decision

Watcher = Callable[[Decision], None]


class Watchers:
    """Callbacks by saga, called after the commit of a decision."""

    def __init__(self) -> None:
        self._watchers: dict[str, list[Watcher]] = {}

    def watch(self, saga_id: str, watcher: Watcher) -> Callable[[], None]:
        """Calls ``watcher`` with every decision committed from here on; returns what ends that. It must not raise."""
        self._watchers.setdefault(saga_id, []).append(watcher)
        return partial(self._end, saga_id, watcher)

    def _end(self, saga_id: str, watcher: Watcher) -> None:
        watchers = self._watchers.get(saga_id, [])
        if watcher in watchers:
            watchers.remove(watcher)
        if not watchers:
            self._watchers.pop(saga_id, None)

    def tell(self, decision: Decision) -> bool:
        """The decision was committed. Whether anybody watched."""
        if self._watchers and (watchers := self._watchers.get(decision.saga_id)):
            for watcher in tuple(watchers):
                watcher(decision)
            return True
        return False

    async def ended(self, saga_id: str, timeout_s: float) -> Decision | None:
        """The decision that ends or parks the saga, once this process commits it; None when the time is up."""
        ending: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()

        def watcher(decision: Decision) -> None:
            if not ending.done() and (decision.status.ended or decision.parked_for is not None):
                ending.set_result(decision)

        stop = self.watch(saga_id, watcher)
        try:
            async with asyncio.timeout(timeout_s):
                return await ending
        except TimeoutError:
            return None
        finally:
            stop()
