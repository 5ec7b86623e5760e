"""A deterministic event loop: the one on which a saga's coroutines run.

It has a queue of ready callbacks, a clock that stands still, and timers that are events of the saga. It is never run
for ever: the engine feeds it one fact and runs it until it is idle. Nothing in it depends on real time, on addresses of
objects or on the outer loop. After temporalio/sdk-python's ``_run_once``.
"""

import asyncio
import contextvars
import sys
from asyncio import events
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple
from zlib import crc32

from coordinator.engine.apart import Apart, Outside, is_apart, step_back, step_outside
from coordinator.engine.given_order import given_order
from coordinator.engine.not_durable import refuse_what_is_not_durable
from coordinator.engine.times import LATEST, within
from coordinator.saga.not_durable import NotDurable

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
MAX_CALLBACKS = 1_000_000
"""Callbacks run for one fact. A fan-out over 10,000 steps needs a twentieth; a saga that never waits has no end."""


_STOPPED = "The saga's code is being thrown away: nothing in it can begin or wait any more."


class _Numbered:
    """Hashed by number rather than by address, so that sets of them iterate alike on every replay."""

    __slots__ = ()

    number: int

    def __hash__(self) -> int:
        return self.number


class DurableFuture(_Numbered, asyncio.Future[T]):
    """A future of a saga's loop."""

    __slots__ = ("number",)


class DurableCoroutine(_Numbered, asyncio.Task[T]):
    """A running coroutine of a saga (asyncio calls it a task)."""

    __slots__ = ("number",)

    def __init__(self, number: int, coro: Coroutine[Any, Any, T], **settings: Any) -> None:
        self.number = number
        super().__init__(coro, **settings)


class DurableTimer(asyncio.TimerHandle):
    """A timer of a saga. asyncio holds handles of one callback at one time for equal; these differ by number."""

    number = 0

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


@refuse_what_is_not_durable
class DeterministicLoop(Apart, asyncio.AbstractEventLoop):
    """See the module. ``start_timer`` and ``cancel_timer`` tell whoever keeps the history.

    What most sagas never change stands in the class: thousands of them are in memory.
    """

    _timers_started = 0

    def __init__(self, saga_id: str) -> None:
        self._ready: list[asyncio.Handle | None] = []
        """Callbacks in the order in which they are to run; None: it has run."""
        self._timers: dict[int, DurableTimer] = {}
        self._started_early: dict[Any, asyncio.Task[Any]] = {}
        # Different sagas get different numbers: asyncio keeps all its tasks in one WeakSet.
        self._next_number = crc32(saga_id.encode())
        self._coroutines = 0
        self.now_ms = 0
        """The time of the fact that is being fed, in ms."""
        self.stopped = False
        """Nothing more is to run: the code does not fit its history, or is being thrown away."""
        self.entered = False
        """It is the running loop of the thread."""
        self.error: BaseException | None = None
        """The first exception of a bare callback, if there was one."""

    # --- what the engine does with it

    def start_timer(self, timer: int, due_ms: int) -> None:
        """The saga asked for a timer. Overridden by the saga's run."""
        raise NotImplementedError

    def cancel_timer(self, timer: int) -> None:
        """The saga no longer needs the timer. Overridden by the saga's run."""
        raise NotImplementedError

    @property
    def footprint(self) -> tuple[int, ...]:
        """Another whenever the code has begun, ended or woken something."""
        return len(self._ready), len(self._timers), self._timers_started, self._coroutines, self._next_number

    def has_timer(self, timer: int) -> bool:
        """Whether the timer was asked for, and neither fired nor was cancelled."""
        return timer in self._timers

    def fire_timer(self, timer: int) -> None:
        """The timer's time came."""
        self._ready.append(self._timers.pop(timer))

    def run_until_idle(self) -> None:
        """Runs what is ready, and what that makes ready, in order."""
        ready = self._ready
        run = 0
        outside = self._enter()
        try:
            while run < len(ready) and not self.stopped:
                handle: Any = ready[run]
                ready[run] = None
                run += 1
                if not handle._cancelled:
                    self._run(handle)
                if run == MAX_CALLBACKS:
                    self._stop_running_wild()
        finally:
            self._leave(outside)
            del ready[:run]

    def _run(self, handle: Any) -> None:
        try:
            handle._context.run(handle._callback, *handle._args)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: the process is not the saga's to end
            self.error = self.error or error

    def _stop_running_wild(self) -> None:
        self._ready.clear()
        self.error = self.error or NotDurable(
            f"The saga ran {MAX_CALLBACKS:,} callbacks without waiting for anything: "
            "await a step or a sleep of more than 0 seconds in its loop."
        )

    def _enter(self) -> Outside | None:
        """Makes this the running loop of the thread, and returns what was so before, unless the thread is apart."""
        outside = None if is_apart() else step_outside()
        events._set_running_loop(self)  # pyright: ignore[reportPrivateUsage]
        self.entered = True
        sys.set_asyncgen_hooks(None, self._left_generator)  # until the next loop is entered, or the outer one again
        return outside

    def _leave(self, outside: Outside | None) -> None:
        self.entered = False
        if outside is not None:
            step_back(outside)

    def _left_generator(self, generator: "AsyncGenerator[Any, Any]") -> None:
        """An async generator was left before its end. As asyncio does: its ``finally`` runs as a coroutine."""
        if self.entered and not self.stopped:
            self.create_task(generator.aclose())

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
        if self.stopped:
            raise NotDurable(_STOPPED)
        due = within(self.now_ms, round(min(when * 1_000, LATEST)))
        self._timers_started += 1
        handle = DurableTimer(when, callback, args, self, context)
        handle.number = self._timers_started
        self._timers[handle.number] = handle
        self.start_timer(handle.number, due)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        assert isinstance(handle, DurableTimer), "the loop makes no other timers"
        if self._timers.pop(handle.number, None) is not None and self.entered and not self.stopped:
            self.cancel_timer(handle.number)

    def _number(self) -> int:
        self._next_number += 1
        return self._next_number

    def create_future(self) -> "asyncio.Future[Any]":
        future: DurableFuture[Any] = DurableFuture(loop=self)
        future.number = self._number()
        return future

    def create_bare_future(self) -> "asyncio.Future[Any]":
        """One that is awaited where it was asked for and nowhere else.

        It stands in no set, so it is a plain one: asyncio is quicker with these. It uses up a number, as it always did:
        whoever is numbered behind it is numbered alike on every replay, of older histories too.
        """
        self._number()
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **settings: Any) -> "asyncio.Task[Any]":
        if self._started_early and (started := self._started_early.pop(coro, None)) is not None:
            return started
        together = given_order(sys._getframe(1))  # pyright: ignore[reportPrivateUsage]
        if together is None or coro not in together:  # or it is what asyncio has made of another awaitable
            return self._start(coro, settings)
        self._started_early = {
            each: self._start(each, {}) for each in dict.fromkeys(together) if asyncio.iscoroutine(each)
        }
        return self._started_early.pop(coro)

    def _start(self, coro: Any, settings: dict[str, Any]) -> "asyncio.Task[Any]":
        if self.stopped:
            coro.close()
            raise NotDurable(_STOPPED)
        self._coroutines += 1
        if settings.get("name") is None:
            settings["name"] = f"coroutine-{self._coroutines}"
        return DurableCoroutine(self._number(), coro, loop=self, **settings)

    get_debug = bool  # pyright: ignore[reportAssignmentType]
    """False: asyncio asks for every future and every callback, and ``bool()`` says so without any Python."""

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        pass  # a result that nobody looked at, told when the object is collected: not an event
