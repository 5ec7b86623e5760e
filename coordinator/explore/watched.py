"""A definition that is watched: where in its code each command is called, which of them broke the order of kinds, and
whether it reads its clock.

The engine hands the code an OutOfOrder and nothing else; code that catches it hides its mistake. Watched, it is found.
"""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import PurePath
from types import CoroutineType
from typing import Any

import msgspec

from contracts import overrides
from contracts.command import Command
from contracts.contract import Caller, Contract
from contracts.ids import parse_command_id
from coordinator.engine import loop as engine_loop
from coordinator.engine.order import OutOfOrder
from coordinator.saga import own_undos, scopes
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.runtime import SagaRuntime
from coordinator.saga.updates import Update

_BETWEEN = frozenset({overrides.__file__, scopes.__file__, own_undos.__file__, __file__})
"""Files whose frames stand between the saga's code and its caller."""
_SCOPE_REMEDY = "Call what cannot be undone behind the scope, or catch inside of it what may be refused."
_CLOCKS = (str(PurePath(asyncio.__file__).parent), engine_loop.__file__)
"""Where the loop's clock is read for timers and timeouts, which tell the saga of it by themselves."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of code."""

    file: str
    line: int

    @classmethod
    def of(cls, file: str, line: int) -> "Place":
        """The line, with as much of the path as people need."""
        return cls(_shown(file), line)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@cache
def _shown(file: str) -> str:
    # Asked for each call of each run: files are few.
    return str(PurePath(*PurePath(file).parts[-3:]))


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A command that was called where it may not stand, and was not sent; or a scope that cannot be undone there."""

    without_undo: bool
    """It may be refused, and there is nothing to undo it with."""
    place: Place
    message: str
    """The engine's, with what to change."""
    scope: bool = False


@dataclass(slots=True)
class Watch:
    """What was seen, by every run of the saga's code together."""

    places: dict[tuple[int, str], Place] = field(default_factory=dict[tuple[int, str], Place])
    """Where a step was asked for, by its number and command."""
    handlers: dict[str, Place] = field(default_factory=dict[str, Place])
    """Where the handlers of updates begin, by the updates' names."""
    checks: dict[str, Place] = field(default_factory=dict[str, Place])
    """And their checks."""
    misplaced: list[Misplaced] = field(default_factory=list[Misplaced])
    reads_clock: bool = False
    """The code asked its loop for the time, so its way may depend on how long an answer took."""

    def take_misplaced(self) -> list[Misplaced]:
        """Those since it was last asked."""
        taken, self.misplaced = self.misplaced, []
        return taken


def watched(definition: SagaDefinition) -> tuple[SagaDefinition, Watch]:
    """The same definition, and what will be seen of it."""
    watch = Watch()

    async def function(**arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        _watch_clock(loop, watch)
        _watch_scopes(loop, watch)
        _watch_undos(loop, watch)
        seen = {
            name: type(value)(_Watching(value.caller, watch)) if isinstance(value, Contract) else value
            for name, value in arguments.items()
        }
        seen |= {name: _WatchedUpdate(name, value, watch) for name, value in seen.items() if isinstance(value, Update)}
        return await definition.function(**seen)

    return replace(definition, function=function), watch


class _Watching:
    """Stands between one run of the code and its caller."""

    def __init__(self, caller: Caller, watch: Watch) -> None:
        self._caller = caller
        self._watch = watch

    def call(
        self, command: "Command[..., Any]", arguments: tuple[Any, ...], named: Mapping[str, Any]
    ) -> "CoroutineType[Any, Any, Any]":
        """See Caller. The line is that of the call, wherever the coroutine is awaited."""
        return self._called(_place(), command, arguments, named)

    async def _called(
        self, place: Place, command: "Command[..., Any]", arguments: tuple[Any, ...], named: Mapping[str, Any]
    ) -> Any:
        # A step is issued, or refused its place, before anything else can run.
        self._watch.places[_next_step(asyncio.get_running_loop()), command.type] = place
        try:
            return await self._caller.call(command, arguments, named)
        except OutOfOrder as error:
            self._watch.misplaced.append(Misplaced(command.lacks_undo, place, error.problem.message))
            raise


class _WatchedUpdate:
    """Stands for an update, and hears who handles it."""

    def __init__(self, name: str, update: Update[Any, Any], watch: Watch) -> None:
        self._name = name
        self._watch = watch
        self._update = update

    def handle(self, handler: Any) -> Any:
        """See Update."""
        return self._noted(self._update.handle(handler), self._watch.handlers)

    def check(self, check: Any) -> Any:
        """See Update."""
        return self._noted(self._update.check(check), self._watch.checks)

    def _noted(self, function: Any, places: dict[str, Place]) -> Any:
        if (code := getattr(function, "__code__", None)) is not None:
            places[self._name] = Place.of(code.co_filename, code.co_firstlineno)
        return function

    def __repr__(self) -> str:
        return repr(self._update)


def _watch_clock(loop: asyncio.AbstractEventLoop, watch: Watch) -> None:
    read = loop.time

    def time() -> float:
        asks = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
        watch.reads_clock = watch.reads_clock or not asks.f_code.co_filename.startswith(_CLOCKS)
        return read()

    loop.time = time


def _watch_scopes(loop: asyncio.AbstractEventLoop, watch: Watch) -> None:
    assert isinstance(loop, SagaRuntime), "a saga's code runs on its own loop"
    undo = loop.undo_scope

    async def undo_scope(scope: int, error: BaseException | None) -> None:
        place = _place(1)
        try:
            await undo(scope, error)
        except OutOfOrder as refusal:
            message = f"{refusal.problem.message} {_SCOPE_REMEDY}"
            watch.misplaced.append(Misplaced(False, place, message, scope=True))
            raise

    loop.undo_scope = undo_scope


def _watch_undos(loop: asyncio.AbstractEventLoop, watch: Watch) -> None:
    assert isinstance(loop, SagaRuntime), "a saga's code runs on its own loop"
    register = loop.register

    def registers(command: "Command[..., Any]", arguments: msgspec.Raw, child: str | None = None) -> None:
        watch.places[_next_step(loop), command.type] = _place()
        register(command, arguments, child)

    loop.register = registers


def _next_step(loop: asyncio.AbstractEventLoop) -> int:
    assert isinstance(loop, SagaRuntime), "a saga's code runs on its own loop"
    return parse_command_id(loop.next_step).step


def _place(above: int = 2) -> Place:
    frame = sys._getframe(above)  # pyright: ignore[reportPrivateUsage]
    while frame.f_code.co_filename in _BETWEEN and frame.f_back is not None:
        frame = frame.f_back
    return Place.of(frame.f_code.co_filename, frame.f_lineno)
