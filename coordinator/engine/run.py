"""A saga's function, standing where it stood: the code's side of the engine."""

import asyncio
import warnings
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any, TypeVar

import msgspec

from contracts.failures import Failed, Problem, Refused, TimedOut
from contracts.values import UnreadableValue, write_value
from coordinator.engine.asking import Asking
from coordinator.engine.closing import cancel, close, untie
from coordinator.engine.failure import problem_of
from coordinator.engine.handlers import arguments_of
from coordinator.engine.inbox import Arrived
from coordinator.engine.script import LOOKING, Meddled
from coordinator.engine.shown import OwnAttributes
from coordinator.engine.unreadable import UnreadableResult, UnreadableSignal, UnreadableUpdate
from coordinator.history.rounds import SagaContinued
from coordinator.saga.calls import SagaCaller
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.queries import Query
from coordinator.saga.rounds import continued_by
from coordinator.saga.signals import Signal
from coordinator.saga.updates import Update

_WAITED_FOR_NOTHING = (
    "The saga raised ContinueAsNew before it had waited for anything, and would do so for ever: "
    "await a step, a signal or a sleep of more than 0 seconds in each round."
)


class Returned(msgspec.Struct, frozen=True):
    """The function returned this, as JSON."""

    result: msgspec.Raw


class Continued(msgspec.Struct, frozen=True):
    """The function wants to be called anew."""

    input: msgspec.Raw
    """With this, as JSON."""
    version: int | None
    """Of this version; None: of the newest."""


class Raised(msgspec.Struct, frozen=True):
    """The function raised this, or a callback of its did."""

    error: BaseException


End = TypeVar("End", Returned, Continued)


def new_run(saga_id: str, definition: SagaDefinition) -> "Run":
    """A run that has not begun. (To type checkers an event loop without sockets is abstract; it is not.)"""
    return Run(saga_id, definition)  # pyright: ignore[reportAbstractUsage]


class Run(Asking):
    """One saga function on its loop. Fed with what came back; tells its script what the code asks for."""

    _handling: Sequence[asyncio.Task[Any]] = ()
    """Updates that are not answered yet, and some that are."""
    _look_over_at = 64

    def __init__(self, saga_id: str, definition: SagaDefinition) -> None:
        super().__init__(saga_id, definition)
        self._main: asyncio.Task[Any] | None = None
        self._others: list[asyncio.Task[Any]] = []
        """Coroutines that the function started; those that are done are removed now and then."""
        self._begins = False
        """The function has just been called, and has heard of nothing yet."""
        self.outcome: Returned | Continued | Raised | None = None
        """How the function ended; None while it has not."""

    # --- what the machine feeds

    def begin(self, value: Any, at: int) -> None:
        """Calls the function with its input, its contracts, signals, updates and queries."""
        caller = SagaCaller(self)
        arguments: dict[str, Any] = {name: contract(caller) for name, contract in self.definition.contracts.items()}
        for name in self._inboxes:
            arguments[name] = Signal[Any](name, self)
        for name in self.definition.updates:
            arguments[name] = Update[Any, Any](name, self)
        for name in self.definition.queries:
            arguments[name] = Query[Any, Any](name, self)
        if self.definition.input_name is not None:
            arguments[self.definition.input_name] = value
        self.now_ms = at
        # An empty context: what the coordinator keeps in its own is none of the saga's business.
        self._main = self._start(self.definition.function(**arguments), {"context": Context(), "name": "saga"})
        self._begins = True
        self._go()
        self._begins = False

    def go_on(self, value: Any, round: SagaContinued) -> None:
        """The same for a later round: steps stand behind it, and signals wait for it."""
        self._steps, self._round = round.steps, round.round
        if round.own_attributes:
            self._attributes = OwnAttributes(round.own_attributes)
        for each in round.kept:
            self._put(each.signal, each.name, each.id, each.value)
        self.begin(value, round.at)

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
        self._put(signal, name, id, value)
        self._go()

    def _put(self, signal: int, name: str, id: str, value: msgspec.Raw) -> None:
        if (inbox := self._inboxes.get(name)) is not None:
            try:
                inbox.put(Arrived(signal, inbox.type.read(value)))
            except UnreadableValue as error:
                self.error = self.error or UnreadableSignal(name, id, error)

    def accept(self, update: int, name: str, id: str, value: msgspec.Raw, at: int) -> None:
        """An update came, and the code has not refused it: its handler begins."""
        self.now_ms = at
        handle, type = self.handlers.handles.get(name), self.definition.updates.get(name)
        try:
            if handle is None or type is None:
                raise UnreadableUpdate(name, id)
            handled = self._handle(update, name, handle(*arguments_of(type, value)))
            started = super()._start(handled, {"context": Context(), "name": f"update-{update}"})
            self._handling = [*(each for each in self._handling if not each.done()), started]
        except UnreadableUpdate as error:
            self.error = self.error or error
        except UnreadableValue as error:
            self.error = self.error or UnreadableUpdate(name, id, error)
        except Exception as error:  # it cannot even be called
            self.error = self.error or error
        self._go()

    async def _handle(self, update: int, name: str, handler: Coroutine[Any, Any, Any]) -> None:
        try:
            answer = await handler
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever it is: an update that was accepted is answered, or parks the saga
            if not self.runs:
                raise
            problem = problem_of(error)
            if problem is None:
                self.error = self.error or error
            else:
                self.script.refuse_update(update, problem)
            return
        try:
            self.script.answer_update(update, write_value(answer))
        except ValueError as error:
            self.error = self.error or TypeError(f"The answer to the update {name} cannot be kept: {error}")

    # --- what somebody outside may look at

    def look(self, what: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Calls a function of the code's that only looks; ``what`` it is. Raises what it raises; Meddled."""
        script, self.script = self.script, LOOKING
        self._looks = True
        before = self.footprint
        outside = self._enter()
        try:
            return Context().run(function, *arguments)  # as the code itself: its context is nobody else's
        finally:
            self._leave(outside)
            self._looks = False
            self.script = script
            if self.footprint != before:
                raise Meddled(f"{what} changed something in the saga: it may only look.")

    def scope_undone(self, scope: int, at: int) -> None:
        """Nothing is left of what was done in the scope."""
        self.now_ms = at
        self._save_points.undone(scope)
        self._go()

    def _go(self) -> None:
        self.run_until_idle()
        self._settle()

    # --- how it stands

    @property
    def through(self) -> bool:
        """The function has returned, or goes on as new, and so has whatever it started."""
        return isinstance(self.outcome, (Returned, Continued)) and all(each.done() for each in self._others)

    @property
    def takes_updates(self) -> bool:
        """An update may still come, and bring what the function waits for."""
        return bool(self.handlers.handles) and not self.main_done

    @property
    def main_done(self) -> bool:
        """The function has returned, or raised."""
        return self._main is None or self._main.done()

    @property
    def goes_on(self) -> bool:
        """The function wants to be called anew."""
        main = self._main
        if main is None or not main.done() or main.cancelled():
            return False
        return continued_by(main.exception()) is not None

    def _settle(self) -> None:
        """Notices the function's end: when it has returned, or goes on as new, and all updates are answered. As
        asyncio.run does, what else runs is cancelled then."""
        main = self._main
        if self.error is not None:
            self.outcome = Raised(self.error)
        elif main is None or not main.done() or self.outcome is not None:
            return
        elif main.cancelled():
            self.outcome = Raised(asyncio.CancelledError())
        elif (error := main.exception()) is not None and not self.goes_on:
            self.outcome = Raised(error)
        elif not self._handling or all(each.done() for each in self._handling):
            self.outcome = self._returned(main.result()) if error is None else self._continued(error)

    def _returned(self, value: Any) -> Returned | Raised:
        try:
            result = self.definition.write_result(value)
        except ValueError as error:
            return Raised(TypeError(f"The saga's result cannot be kept: {error}"))
        return self._left(Returned(result))

    def _continued(self, error: BaseException) -> Continued | Raised:
        asked = continued_by(error)
        assert asked is not None, "it goes on"
        if self._begins and not self.took_signal:
            return Raised(RuntimeError(_WAITED_FOR_NOTHING))
        try:
            return self._left(Continued(write_value(asked.input), asked.version))
        except ValueError as error:
            return Raised(TypeError(f"The input of the saga's next round cannot be kept: {error}"))

    def _left(self, outcome: End) -> End | Raised:
        """Whatever the function has left behind is cancelled."""
        if left := [each for each in self._others if not each.done()]:
            for each in left:
                cancel(each)
            self.run_until_idle()
        return outcome if self.error is None else Raised(self.error)

    def discard(self) -> None:
        """Throws the code away. Its ``finally`` blocks may run, but reach nobody."""
        self.stopped = True
        self._ready.clear()
        left = [each for each in (self._main, *self._others, *self._handling) if each is not None and not each.done()]
        self._main, self._others, self._handling = None, [], ()
        self._awaited.clear()
        self._timers.clear()
        if not left:
            return
        outside = self._enter()
        try:
            with warnings.catch_warnings(module=warnings):  # found even while the process ends
                warnings.simplefilter("ignore")  # of coroutines that were made and not yet awaited
                for each in left:
                    close(each)
            for each in left:
                untie(each)
            self._ready.clear()
        finally:
            self._leave(outside)

    def _start(self, coro: Any, settings: dict[str, Any]) -> "asyncio.Task[Any]":
        started = super()._start(coro, settings)
        if self._main is not None:
            self._others.append(started)
            if len(self._others) > self._look_over_at:
                self._others = [each for each in self._others if not each.done()]
                self._look_over_at = 2 * len(self._others) + 64
        return started
