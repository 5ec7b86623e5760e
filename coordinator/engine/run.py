"""A saga's function, standing where it stood: the code's side of the engine."""

import asyncio
import warnings
from contextvars import Context
from typing import Any, NoReturn, Protocol

import msgspec

from contracts.command import Command
from contracts.failures import Failed, Problem, Refused, TimedOut
from contracts.values import UnreadableValue
from coordinator.engine.inbox import Arrived, Inbox
from coordinator.engine.loop import DeterministicLoop
from coordinator.engine.order import OutOfOrder
from coordinator.engine.unreadable import UnreadableResult, UnreadableSignal
from coordinator.saga.calls import SagaCaller
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.runtime import SagaRuntime
from coordinator.saga.signals import Signal


class Script(Protocol):
    """Whoever hears what the code asks for: live it becomes history, on replay it is compared with the history."""

    def issue(self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw) -> OutOfOrder | None:
        """The code asks for a step; returns why it may not stand here, or None."""
        ...

    def abandon(self, step: int) -> None:
        """The code no longer waits for the step."""
        ...

    def start_timer(self, timer: int, due: int) -> None:
        """The code asks for a timer."""
        ...

    def cancel_timer(self, timer: int) -> None:
        """The code no longer needs the timer."""
        ...

    def await_signal(self, wait: int, name: str) -> None:
        """The code waits for a signal of that name."""
        ...

    def take_signal(self, signal: int, wait: int | None) -> None:
        """The code has the signal, for which it may have waited."""
        ...

    def abandon_signal(self, wait: int) -> None:
        """The code no longer waits for a signal."""
        ...


class Returned(msgspec.Struct, frozen=True):
    """The function returned this, as JSON."""

    result: msgspec.Raw


class Raised(msgspec.Struct, frozen=True):
    """The function raised this, or a callback of its did."""

    error: BaseException


class _Nobody:
    """The script between two activations, when the code does not run."""

    def issue(self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw) -> NoReturn:
        raise AssertionError(_BETWEEN)

    def abandon(self, step: int) -> NoReturn:
        raise AssertionError(_BETWEEN)

    def start_timer(self, timer: int, due: int) -> NoReturn:
        raise AssertionError(_BETWEEN)

    def cancel_timer(self, timer: int) -> NoReturn:
        raise AssertionError(_BETWEEN)

    def await_signal(self, wait: int, name: str) -> NoReturn:
        raise AssertionError(_BETWEEN)

    def take_signal(self, signal: int, wait: int | None) -> NoReturn:
        raise AssertionError(_BETWEEN)

    def abandon_signal(self, wait: int) -> NoReturn:
        raise AssertionError(_BETWEEN)


_BETWEEN = "The saga's code ran between two activations."
NOBODY: Script = _Nobody()


def new_run(saga_id: str, definition: SagaDefinition) -> "Run":
    """A run that has not begun. (To type checkers an event loop without sockets is abstract; it is not.)"""
    return Run(saga_id, definition)  # pyright: ignore[reportAbstractUsage]


class Run(DeterministicLoop, SagaRuntime):
    """One saga function on its loop. Fed with what came back; tells its script what the code asks for."""

    def __init__(self, saga_id: str, definition: SagaDefinition) -> None:
        super().__init__(saga_id)
        self.definition = definition
        self._script: Script = NOBODY
        self._awaited: dict[int, tuple[Command[..., Any], asyncio.Future[Any]]] = {}
        """Steps that the code waits for: their command, and their result to come."""
        self._steps = 0
        self._inboxes = {name: Inbox(type) for name, type in definition.signals.items()}
        self._waits = 0
        """How often the code waited for a signal."""
        self._main: asyncio.Task[Any] | None = None
        self._others: list[asyncio.Task[Any]] = []
        """Coroutines that the function started; those that are done are removed now and then."""
        self._look_over_at = 64
        self.outcome: Returned | Raised | None = None
        """How the function ended; None while it has not."""

    def attend(self, script: Script) -> None:
        """From here on this script hears what the code asks for."""
        self._script = script

    # --- what the machine feeds

    def begin(self, value: Any, at: int) -> None:
        """Calls the function with its input, its contracts and its signals."""
        caller = SagaCaller(self)
        arguments: dict[str, Any] = {name: contract(caller) for name, contract in self.definition.contracts.items()}
        for name in self._inboxes:
            arguments[name] = Signal[Any](name, self)
        if self.definition.input_name is not None:
            arguments[self.definition.input_name] = value
        self.now_ms = at
        # An empty context: what the coordinator keeps in its own is none of the saga's business.
        self._main = self._start(self.definition.function(**arguments), {"context": Context(), "name": "saga"})
        self._go()

    def succeed(self, step: int, result: msgspec.Raw, at: int) -> None:
        """The step's result came."""
        self.now_ms = at
        if (awaited := self._awaited.pop(step, None)) is not None and not awaited[1].done():
            command, future = awaited
            try:
                future.set_result(command.read_result(result))
            except UnreadableValue as error:
                self.error = self.error or UnreadableResult(command, step, error)
        self._go()

    def refuse(self, step: int, problem: Problem, at: int) -> None:
        """The step was refused."""
        self._fail(step, Refused.of(problem), at)

    def give_up(self, step: int, problem: Problem, at: int, timed_out: bool) -> None:
        """The step was given up."""
        self._fail(step, TimedOut(problem) if timed_out else Failed.of(problem), at)

    def _fail(self, step: int, error: Exception, at: int) -> None:
        self.now_ms = at
        if (awaited := self._awaited.pop(step, None)) is not None and not awaited[1].done():
            awaited[1].set_exception(error)
        self._go()

    def fire(self, timer: int, at: int) -> None:
        """The timer's time came."""
        self.now_ms = at
        self.fire_timer(timer)
        self._go()

    def receive(self, signal: int, name: str, id: str, value: msgspec.Raw, at: int) -> None:
        """A signal came. One that the code has no name for any more stays untaken."""
        self.now_ms = at
        if (inbox := self._inboxes.get(name)) is not None:
            try:
                inbox.put(Arrived(signal, inbox.type.read(value)))
            except UnreadableValue as error:
                self.error = self.error or UnreadableSignal(name, id, error)
        self._go()

    def _go(self) -> None:
        self.run_until_idle()
        self._settle()

    # --- how it stands

    @property
    def runs(self) -> bool:
        """See SagaRuntime."""
        return self.entered and not self.stopped

    @property
    def through(self) -> bool:
        """The function has returned, and so has whatever it started."""
        return isinstance(self.outcome, Returned) and all(each.done() for each in self._others)

    def _settle(self) -> None:
        """Notices the function's end. As asyncio.run does, what else runs is cancelled when it has returned."""
        main = self._main
        if self.error is not None:
            self.outcome = Raised(self.error)
        elif main is None or not main.done() or self.outcome is not None:
            return
        elif main.cancelled():
            self.outcome = Raised(asyncio.CancelledError())
        elif (error := main.exception()) is not None:
            self.outcome = Raised(error)
        else:
            self.outcome = self._returned(main.result())

    def _returned(self, value: Any) -> Returned | Raised:
        try:
            result = self.definition.write_result(value)
        except ValueError as error:
            return Raised(TypeError(f"The saga's result cannot be kept: {error}"))
        if left := [each for each in self._others if not each.done()]:
            for each in left:
                each.cancel()
            self.run_until_idle()
        return Returned(result) if self.error is None else Raised(self.error)

    def discard(self) -> None:
        """Throws the code away. Its ``finally`` blocks may run, but reach nobody."""
        self.stopped = True
        self._ready.clear()
        left = [each for each in (self._main, *self._others) if each is not None and not each.done()]
        self._main, self._others = None, []
        self._awaited.clear()
        self._timers.clear()
        if not left:
            return
        outside = self._enter()
        try:
            with warnings.catch_warnings(module=warnings):  # found even while the process ends
                warnings.simplefilter("ignore")  # of coroutines that were made and not yet awaited
                for each in left:
                    _close(each)
            for each in left:
                _untie(each)
            self._ready.clear()
        finally:
            self._leave(outside)

    # --- what the code asks

    def _start(self, coro: Any, settings: dict[str, Any]) -> "asyncio.Task[Any]":
        started = super()._start(coro, settings)
        if self._main is not None:
            self._others.append(started)
            if len(self._others) > self._look_over_at:
                self._others = [each for each in self._others if not each.done()]
                self._look_over_at = 2 * len(self._others) + 64
        return started

    def issue(self, command: "Command[..., Any]", arguments: msgspec.Raw) -> "tuple[int, asyncio.Future[Any]]":
        """See SagaRuntime."""
        error = self._script.issue(self._steps + 1, command, arguments)
        if error is not None:
            raise error
        self._steps += 1
        result: asyncio.Future[Any] = self.create_future()
        self._awaited[self._steps] = command, result
        return self._steps, result

    def abandon(self, step: int) -> None:
        """See SagaRuntime."""
        if self.runs and self._awaited.pop(step, None) is not None:
            self._script.abandon(step)

    async def next_signal(self, name: str) -> Any:
        """See SagaRuntime."""
        inbox = self._inboxes[name]
        if (kept := inbox.take()) is not None:
            self._script.take_signal(kept.signal, None)
            return kept.value
        self._waits += 1
        wait = self._waits
        future: asyncio.Future[Arrived] = self.create_future()
        inbox.wait(future)
        self._script.await_signal(wait, name)
        try:
            arrived = await future
        except asyncio.CancelledError:
            if self.runs:
                inbox.leave(future)
                self._script.abandon_signal(wait)
            raise
        self._script.take_signal(arrived.signal, wait)
        return arrived.value

    def start_timer(self, timer: int, due_ms: int) -> None:
        """See DeterministicLoop."""
        self._script.start_timer(timer, due_ms)

    def cancel_timer(self, timer: int) -> None:
        """See DeterministicLoop."""
        self._script.cancel_timer(timer)


def _close(started: "asyncio.Task[Any]") -> None:
    """Closes the coroutine, even if it argues: each ``await`` in its ``finally`` blocks fails."""
    coroutine: Any = started.get_coro()
    started._log_destroy_pending = False  # pyright: ignore[reportAttributeAccessIssue]
    for _ in range(100):
        try:
            coroutine.close()
        except KeyboardInterrupt:
            raise
        except BaseException:
            if getattr(coroutine, "cr_frame", None) is None:
                return
        else:
            return


def _untie(started: "asyncio.Task[Any]") -> None:
    """Takes a closed coroutine off what it waited for: the two hold each other, and only the collector frees such."""
    waits_for: asyncio.Future[Any] | None = started._fut_waiter  # pyright: ignore[reportAttributeAccessIssue]
    if waits_for is not None:
        waits_for.cancel()
