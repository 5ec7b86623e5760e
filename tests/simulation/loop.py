"""An event loop with a clock of its own: it jumps to the next timer when nothing is ready.

All simulated processes share it. Callbacks of one process run in the order in which asyncio would run them; which of
several processes runs next is drawn, since real ones run side by side.
"""

import asyncio
import contextvars
import gc
import heapq
import logging
import sys
import warnings
from asyncio import events
from collections.abc import Callable
from math import inf, nextafter
from random import Random
from typing import Any

from tests.simulation.process import PROCESS, Process


class _Future(asyncio.Future[Any]):
    """Hashed by number rather than by address: asyncio keeps futures in sets."""

    number = 0

    def __hash__(self) -> int:
        return self.number


class _Coroutine(asyncio.Task[Any]):
    """The same for what asyncio calls tasks."""

    def __init__(self, number: int, coro: Any, **settings: Any) -> None:
        self.number = number
        super().__init__(coro, **settings)

    def __hash__(self) -> int:
        return self.number


class _Timer(asyncio.TimerHandle):
    """A timer that knows its process."""

    __slots__ = ("process",)

    process: Process


class _Ready(asyncio.Handle):
    """A callback that knows its process."""

    __slots__ = ("process",)

    process: Process


class StepsSpent(Exception):
    """The world ran more callbacks than a seed may have: something goes round and round."""


class SimulationLoop(asyncio.AbstractEventLoop):
    """See the module. ``run_until`` is the only way to run it."""

    def __init__(self, random: Random, most_steps: int) -> None:
        self._draw = random.random
        self._now = 1_000.0
        self._timers: list[tuple[float, int, _Timer]] = []
        self._buried: list[Process] = []
        """With what was ready in them: nobody may wonder why it was never awaited."""
        self._busy: list[Process] = []
        """Processes that have something ready."""
        self._numbers = 0
        self._left = most_steps
        self.outside = Process("world")
        """Where callbacks belong that belong to no process: servers, networks, clients."""
        self.steps = 0
        self.closed = False
        self.unexpected: list[str] = []
        """Exceptions that no code took."""

    def run_until(self, done: Callable[[], bool]) -> None:
        """Runs until that is so. Raises StepsSpent."""
        self._run(done)

    def _run(self, done: Callable[[], bool]) -> None:
        events._set_running_loop(self)  # pyright: ignore[reportPrivateUsage]
        busy, draw = self._busy, self._draw
        try:
            while not done():
                if not busy:
                    self._pass_time()
                    continue
                index = 0 if len(busy) == 1 else int(draw() * len(busy))
                process = busy[index]
                handle = process.ready.popleft()
                if not process.ready:
                    busy[index] = busy[-1]
                    busy.pop()
                    process.queued = False
                if not handle._cancelled:
                    self.steps += 1
                    if self.steps > self._left:
                        raise StepsSpent(f"{self._left:,} callbacks were run, and there is no end.")
                    handle._run()
                    process.step()
        finally:
            events._set_running_loop(None)  # pyright: ignore[reportPrivateUsage]

    def _pass_time(self) -> None:
        timers = self._timers
        while timers and (timers[0][2]._cancelled or not timers[0][2].process.alive):
            heapq.heappop(timers)
        if not timers:
            raise StepsSpent("Nothing will ever happen again.")
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            timer = heapq.heappop(timers)[2]
            timer._scheduled = False  # pyright: ignore[reportAttributeAccessIssue]
            if timer.process.paused:
                timer.process.late.append(timer)
            else:
                self._queue(timer.process, timer)

    def _queue(self, process: Process, handle: Any) -> None:
        if not process.alive or self.closed:
            return
        process.ready.append(handle)
        if not process.queued and not process.paused:
            process.queued = True
            self._busy.append(process)

    def pause(self, process: Process) -> None:
        """The process is stopped where it is: nothing of it runs, its timers pile up."""
        process.paused = True
        if process.queued:
            process.queued = False
            self._busy.remove(process)

    def resume(self, process: Process) -> None:
        """It goes on, as if nothing had been. As in asyncio, what came from outside comes before the timers."""
        process.paused, process.woke_at = False, self._now
        process.ready.extend(process.late)
        process.late.clear()
        if process.ready and not process.queued and process.alive:
            process.queued = True
            self._busy.append(process)

    def bury(self, process: Process) -> None:
        """It was killed: nothing of it runs any more."""
        process.alive = False
        self._buried.append(process)
        if process.queued:
            process.queued = False
            self._busy.remove(process)

    def close(self) -> None:
        """Throws away all coroutines that are left; what their ``finally`` blocks do reaches nobody."""
        self.closed = True
        self._timers.clear()
        events._set_running_loop(self)  # pyright: ignore[reportPrivateUsage]
        hook, sys.unraisablehook = sys.unraisablehook, _unheard
        logging.disable()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of coroutines that were made and not yet awaited
                for each in sorted(asyncio.all_tasks(self), key=hash):
                    each._log_destroy_pending = False  # pyright: ignore[reportAttributeAccessIssue]
                    _throw_away(each.get_coro())
                self._buried.clear()
                gc.collect()
        finally:
            sys.unraisablehook = hook
            logging.disable(logging.NOTSET)
            events._set_running_loop(None)  # pyright: ignore[reportPrivateUsage]

    # --- what asyncio asks of a loop

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        handle = _Ready(callback, args, self, context)
        process = PROCESS.get(None) if context is None else context.get(PROCESS)
        handle.process = process = self.outside if process is None else process
        self._queue(process, handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        when = self._now + delay
        if delay > 0 and when == self._now:
            when = nextafter(when, inf)  # too short a wait for the clock's digits: it passes all the same
        return self.call_at(when, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        timer = _Timer(when, callback, args, self, context)
        process = PROCESS.get(None) if context is None else context.get(PROCESS)
        timer.process = self.outside if process is None else process
        if timer.process.alive and not self.closed:
            self._numbers += 1
            heapq.heappush(self._timers, (when, self._numbers, timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass  # it is passed over when its time comes

    def create_future(self) -> "asyncio.Future[Any]":
        future = _Future(loop=self)
        self._numbers += 1
        future.number = self._numbers
        return future

    def create_task(self, coro: Any, **settings: Any) -> "asyncio.Task[Any]":
        self._numbers += 1
        return _Coroutine(self._numbers, coro, loop=self, **settings)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self.closed

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        message = str(context.get("message"))
        if self.closed or "never retrieved" in message or "destroyed" in message:
            return  # told when an object is collected: at any time
        self.unexpected.append(f"{message}: {error!r}")


def _unheard(_: Any) -> None: ...


def _throw_away(coroutine: Any) -> None:
    """Closes the coroutine, even if it argues."""
    for _ in range(100):
        try:
            coroutine.close()
        except BaseException:
            if getattr(coroutine, "cr_frame", None) is None:
                return
        else:
            return
