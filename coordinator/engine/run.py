"""A saga's function, standing where it stood: the code's side of the engine."""

import asyncio
import warnings
from typing import Any, Protocol

import msgspec

from contracts.command import Command
from contracts.failures import Failed, Problem, Refused, TimedOut
from coordinator.engine.loop import DeterministicLoop
from coordinator.engine.order import OutOfOrder
from coordinator.saga.calls import SagaCaller, SagaRuntime
from coordinator.saga.definition import SagaDefinition


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


class Returned(msgspec.Struct, frozen=True):
    """The function returned this, as JSON."""

    result: msgspec.Raw


class Raised(msgspec.Struct, frozen=True):
    """The function raised this, or a callback of its did."""

    error: BaseException


def new_run(saga_id: str, definition: SagaDefinition, script: Script) -> "Run":
    """A run that has not begun. (To type checkers an event loop without sockets is abstract; it is not.)"""
    return Run(saga_id, definition, script)  # pyright: ignore[reportAbstractUsage]


class Run(DeterministicLoop, SagaRuntime):
    """One saga function on its loop. Fed with what came back; tells its script what the code asks for."""

    def __init__(self, saga_id: str, definition: SagaDefinition, script: Script) -> None:
        super().__init__(saga_id)
        self._definition = definition
        self._script = script
        self._results: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._steps = 0
        self._main: asyncio.Task[Any] | None = None
        self._coroutines: dict[asyncio.Task[Any], None] = {}
        self.outcome: Returned | Raised | None = None
        """How the function ended; None while it has not."""

    def attend(self, script: Script) -> None:
        """From here on this script hears what the code asks for."""
        self._script = script

    # --- what the machine feeds

    def begin(self, value: Any, at: int) -> None:
        """Calls the function with its input and its contracts."""
        caller = SagaCaller()
        arguments: dict[str, Any] = {name: contract(caller) for name, contract in self._definition.contracts.items()}
        if self._definition.input_name is not None:
            arguments[self._definition.input_name] = value
        self.now_ms = at
        self._main = self.create_task(self._definition.function(**arguments))
        self._go()

    def succeed(self, step: int, result: msgspec.Raw, at: int) -> None:
        """The step's result came."""
        self.now_ms = at
        future = self._results.pop(step, None)
        if future is not None and not future.done():
            future.set_result(result)
        self._go()

    def refuse(self, step: int, problem: Problem, at: int) -> None:
        """The step was refused."""
        self._fail(step, Refused.of(problem), at)

    def give_up(self, step: int, problem: Problem, at: int, timed_out: bool) -> None:
        """The step was given up."""
        self._fail(step, TimedOut(problem) if timed_out else Failed.of(problem), at)

    def _fail(self, step: int, error: Exception, at: int) -> None:
        self.now_ms = at
        future = self._results.pop(step, None)
        if future is not None and not future.done():
            future.set_exception(error)
        self._go()

    def fire(self, timer: int, at: int) -> None:
        """The timer's time came."""
        self.now_ms = at
        self.fire_timer(timer)
        self._go()

    def _go(self) -> None:
        self.run_until_idle()
        self._settle()

    # --- how it stands

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
            result = self._definition.write_result(value)
        except ValueError as error:
            return Raised(TypeError(f"The saga's result cannot be kept: {error}"))
        rest = [each for each in self._coroutines if not each.done()]
        self._coroutines.clear()
        for each in rest:
            each.cancel()
        self.run_until_idle()
        return Returned(result)

    def close(self) -> None:
        """Throws the code away. Its ``finally`` blocks may run, but reach nobody."""
        self.stopped = True
        self._ready.clear()
        for each in [self._main, *self._coroutines]:
            if each is None or each.done():
                continue
            coroutine: Any = each.get_coro()
            each._log_destroy_pending = False  # pyright: ignore[reportAttributeAccessIssue]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    coroutine.close()
                except (RuntimeError, Exception):
                    continue
        self._coroutines.clear()

    # --- what the code asks

    def create_task(self, coro: Any, **settings: Any) -> "asyncio.Task[Any]":
        """As asyncio does."""
        task = super().create_task(coro, **settings)
        if self._main is not None:
            self._coroutines[task] = None
            task.add_done_callback(self._coroutine_done)
        return task

    def _coroutine_done(self, task: "asyncio.Task[Any]") -> None:
        self._coroutines.pop(task, None)

    def issue(self, command: "Command[..., Any]", arguments: msgspec.Raw) -> "tuple[int, asyncio.Future[msgspec.Raw]]":
        """See SagaRuntime."""
        error = self._script.issue(self._steps + 1, command, arguments)
        if error is not None:
            raise error
        self._steps += 1
        future: asyncio.Future[msgspec.Raw] = self.create_future()
        self._results[self._steps] = future
        return self._steps, future

    def abandon(self, step: int) -> None:
        """See SagaRuntime."""
        if not self.stopped and self._results.pop(step, None) is not None:
            self._script.abandon(step)

    def start_timer(self, timer: int, due_ms: int) -> None:
        """See DeterministicLoop."""
        self._script.start_timer(timer, due_ms)

    def cancel_timer(self, timer: int) -> None:
        """See DeterministicLoop."""
        if not self.stopped:
            self._script.cancel_timer(timer)
