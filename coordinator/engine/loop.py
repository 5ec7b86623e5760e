"""A deterministic event loop: the one on which a saga's coroutines run.

It has a queue of ready callbacks, a clock that stands still, and timers that are events of the saga. It is never run
for ever: the engine feeds it one fact and runs it until it is idle. Nothing in it depends on real time, on addresses of
objects or on the outer loop. After temporalio/sdk-python's ``_run_once``.
"""

import asyncio
import contextvars
from asyncio import events, tasks
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar, TypeVarTuple
from zlib import crc32

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class NotDurable(RuntimeError):
    """A saga used something that cannot survive a crash. The message names the durable replacement."""


class _Numbered:
    """Hashed by number rather than by address, so that sets of them iterate alike on every replay."""

    number = 0

    def __hash__(self) -> int:
        return self.number


class DurableFuture(_Numbered, asyncio.Future[T]):
    """A future of a saga's loop."""


class DurableCoroutine(_Numbered, asyncio.Task[T]):
    """A running coroutine of a saga (asyncio calls it a task)."""

    def __init__(self, number: int, coro: Coroutine[Any, Any, T], **settings: Any) -> None:
        self.number = number
        super().__init__(coro, **settings)


class DeterministicLoop(asyncio.AbstractEventLoop):
    """See the module. ``start_timer`` and ``cancel_timer`` tell whoever keeps the history."""

    def __init__(self, saga_id: str) -> None:
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._timer_numbers: dict[asyncio.TimerHandle, int] = {}
        self._timers_started = 0
        # Different sagas get different numbers: asyncio keeps all its tasks in one WeakSet.
        self._next_number = crc32(saga_id.encode()) << 20
        self.now_ms = 0
        """The time of the fact that is being fed, in ms."""
        self.stopped = False
        """Nothing more is to run: the code does not fit its history, or is being thrown away."""
        self.error: BaseException | None = None
        """The first exception of a bare callback, if there was one."""

    # --- what the engine does with it

    def start_timer(self, timer: int, due_ms: int) -> None:
        """The saga asked for a timer. Overridden by the saga's run."""
        raise NotImplementedError

    def cancel_timer(self, timer: int) -> None:
        """The saga no longer needs the timer. Overridden by the saga's run."""
        raise NotImplementedError

    def fire_timer(self, timer: int) -> None:
        """The timer's time came."""
        handle = self._timers.pop(timer)
        del self._timer_numbers[handle]
        self._ready.append(handle)

    def run_until_idle(self) -> None:
        """Runs what is ready, and what that makes ready, in order."""
        ready = self._ready
        with self._entered():
            while ready and not self.stopped:
                handle = ready.popleft()
                if not handle.cancelled():
                    handle._run()  # pyright: ignore[reportPrivateUsage]

    @contextmanager
    def _entered(self) -> Generator[None]:
        outer = events._get_running_loop()  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
        outer_task = None if outer is None else tasks.current_task(outer)
        if outer is not None and outer_task is not None:
            tasks._leave_task(outer, outer_task)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
        events._set_running_loop(self)  # pyright: ignore[reportPrivateUsage]
        try:
            yield
        finally:
            events._set_running_loop(outer)  # pyright: ignore[reportPrivateUsage]
            if outer is not None and outer_task is not None:
                tasks._enter_task(outer, outer_task)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]

    # --- what asyncio asks of a loop

    def time(self) -> float:
        return self.now_ms / 1_000

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._timers_started += 1
        timer = self._timers_started
        self._timers[timer] = handle
        self._timer_numbers[handle] = timer
        self.start_timer(timer, round(when * 1_000))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        timer = self._timer_numbers.pop(handle, None)
        if timer is not None:
            del self._timers[timer]
            self.cancel_timer(timer)

    def _number(self) -> int:
        self._next_number += 1
        return self._next_number

    def create_future(self) -> "asyncio.Future[Any]":
        future: DurableFuture[Any] = DurableFuture(loop=self)
        future.number = self._number()
        return future

    def create_task(self, coro: Any, **settings: Any) -> "asyncio.Task[Any]":
        return DurableCoroutine(self._number(), coro, loop=self, **settings)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        # Without a handle it is only a result that nobody looked at, told when the object is collected: not an event.
        if "handle" in context:
            self.error = self.error or context.get("exception")

    # --- what cannot be durable

    def call_soon_threadsafe(self, *_: Any, **__: Any) -> NoReturn:
        raise NotDurable("A saga has no threads. Do the work in a participant's step.")

    def run_in_executor(self, *_: Any, **__: Any) -> NoReturn:
        raise NotDurable("A saga has no threads. Do the work in a participant's step.")

    def create_connection(self, *_: Any, **__: Any) -> NoReturn:
        raise NotDurable("A saga opens no connections. Call the service through a participant's step.")

    create_server = create_datagram_endpoint = create_unix_connection = getaddrinfo = create_connection
    subprocess_exec = subprocess_shell = create_connection
