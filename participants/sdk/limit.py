"""How long a handler may run."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Limit:
    """A limit on the run of each of many coroutines, one after another.

    One timer goes through to the end of the limit and only then looks whether what runs began so long ago: a timer for
    each would cost more than a handler that answers at once.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        """Whether the last coroutine ran out of time."""
        self._running: asyncio.Task[Any] | None = None
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What it returns or raises; TimeoutError, with ``expired``, when it was cancelled for its time."""
        task = asyncio.current_task()
        assert task is not None
        cancelled = task.cancelling()
        loop = asyncio.get_running_loop()
        self.expired = False
        self._until = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_at(self._until, self._look, loop)
        self._running = task
        try:
            result = await coroutine
        except asyncio.CancelledError as error:
            if self.expired and task.uncancel() <= cancelled:
                raise TimeoutError from error
            raise
        except BaseException:
            if self.expired:
                task.uncancel()
            raise
        finally:
            self._running = None
        if self.expired:
            task.uncancel()
        return result

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._running is None:
            return
        if loop.time() < self._until:
            self._timer = loop.call_at(self._until, self._look, loop)
        else:
            self.expired = True
            self._running.cancel()
