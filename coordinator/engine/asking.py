"""What a saga's code asks for: its script hears of it, and what comes of it is awaited here."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec

from contracts.command import Command
from contracts.failures import Problem, Refused
from contracts.ids import command_id
from coordinator.engine.failure import problem_of
from coordinator.engine.handlers import NO_HANDLERS, Handlers
from coordinator.engine.inbox import Arrived, Inbox
from coordinator.engine.kept import kept_text
from coordinator.engine.loop import DeterministicLoop
from coordinator.engine.save_points import NO_SAVE_POINTS, SavePoints
from coordinator.engine.script import BETWEEN, Script
from coordinator.engine.shown import MAX_LINE, OwnAttributes
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.runtime import NoDeadline, SagaRuntime
from coordinator.saga.scopes import CURRENT

_SAVE_POINT = Problem("scope_undone", "The saga went back to a save-point, and does not wait for this any more.")


class Asking(DeterministicLoop, SagaRuntime):
    """The loop of one saga, as its code knows it. Whoever feeds it is the run."""

    took_signal = False
    """The code has taken one that was there when it asked."""
    handlers = NO_HANDLERS
    _save_points = NO_SAVE_POINTS
    _attributes: OwnAttributes | None = None
    """Those that the code has set; None: it never set any."""
    _waits = 0
    """How often the code waited for a signal."""
    _draws = 0
    """How often the code drew something."""
    _round = 1

    def __init__(self, saga_id: str, definition: SagaDefinition) -> None:
        super().__init__(saga_id)
        self.saga_id = saga_id
        self.definition = definition
        self.script: Script = BETWEEN
        """Hears what the code asks for."""
        self._awaited: dict[int, tuple[Command[..., Any], asyncio.Future[Any]]] = {}
        """Steps that the code waits for: their command, and their result to come."""
        self._steps = 0
        signals = definition.signals
        self._inboxes = {name: Inbox(type) for name, type in signals.items()} if signals else {}
        self._patches: dict[str, bool] = {}
        """What the code has asked about."""
        self._looks = False
        """The code only looks at something, on behalf of somebody outside."""

    @property
    def runs(self) -> bool:
        """See SagaRuntime."""
        return self.entered and not self.stopped and not self._looks

    @property
    def next_step(self) -> str:
        """See SagaRuntime."""
        return command_id(self.saga_id, self._steps + 1)

    def issue(
        self, command: "Command[..., Any]", arguments: msgspec.Raw, child: str | None = None
    ) -> "tuple[int, asyncio.Future[Any]]":
        """See SagaRuntime."""
        scope = CURRENT.get()
        step = self._steps + 1
        error = self.script.issue(step, command, arguments, scope, child)
        if error is not None:
            raise error
        self._count(command, scope, child)
        result = self.create_bare_future()
        self._awaited[step] = command, result
        return step, result

    def register(self, command: "Command[..., Any]", arguments: msgspec.Raw, child: str | None = None) -> None:
        """See SagaRuntime."""
        scope = CURRENT.get()
        self.script.register(self._steps + 1, command, arguments, scope, child)
        self._count(command, scope, child)

    def _count(self, command: "Command[..., Any]", scope: int | None, child: str | None) -> None:
        self._steps += 1
        if child is not None:
            self.definition.children.setdefault(command.type, command)
        if scope is not None:
            self._save_points.put(self._steps, scope)

    def abandon(self, step: int) -> None:
        """See SagaRuntime."""
        if self.runs and self._awaited.pop(step, None) is not None:
            self.script.abandon(step)

    def patched(self, name: str) -> bool:
        """See SagaRuntime."""
        if name not in self._patches:
            self._patches[name] = self.script.take_patch(name)
        return self._patches[name]

    @property
    def own_attributes(self) -> frozenset[str]:
        """Names of the attributes that the code has set, in earlier rounds too."""
        return frozenset() if self._attributes is None else self._attributes.names

    def show_status(self, text: str) -> None:
        """See SagaRuntime."""
        self.script.show_status(kept_text(text, MAX_LINE))

    def show_attributes(self, values: Mapping[str, Any]) -> None:
        """See SagaRuntime."""
        if self._attributes is None:
            self._attributes = OwnAttributes()
        self.script.show_attributes(self._attributes.take(values))

    def extend_deadline(self, by_ms: int) -> int:
        """See SagaRuntime."""
        due = self.script.extend_deadline(by_ms, self.now_ms)
        if due is None:
            raise NoDeadline("The saga has no deadline to extend: declare one, as in @saga(version=1, deadline='48h').")
        return due

    def draw(self) -> str:
        """See SagaRuntime."""
        self._draws += 1
        return f"{self.saga_id}:{self._round}:{self._draws}"

    def open_scope(self, within: int | None, parallel: bool) -> int:
        """See SagaRuntime."""
        if self._save_points is NO_SAVE_POINTS:
            self._save_points = SavePoints()
        scope = self._save_points.open(within)
        self.script.open_scope(scope, within, parallel)
        return scope

    async def undo_scope(self, scope: int, error: BaseException | None) -> None:
        """See SagaRuntime. Whoever waits is not to be cancelled before it is undone."""
        cause = _SAVE_POINT if error is None else problem_of(error)
        if cause is None:
            return
        points = self._save_points
        if not points.goes_back(scope):
            refusal = self.script.undo_scope(scope, cause)
            if refusal is not None:
                raise refusal from error
            points.go_back(scope)
            self._forsake(scope)
        cancelled = False
        while points.goes_back(scope):
            points.wait(scope, undone := self.create_bare_future())
            try:
                await undone
            except asyncio.CancelledError:
                if not self.runs:
                    raise
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError

    def _forsake(self, scope: int) -> None:
        """Whoever waits for a step in the scope waits in vain."""
        for step in [step for step in self._awaited if self._save_points.holds(scope, step)]:
            _, future = self._awaited.pop(step)
            if not future.done():
                future.set_exception(Refused.of(_SAVE_POINT))

    async def next_signal(self, name: str) -> Any:
        """See SagaRuntime."""
        inbox = self._inboxes[name]
        if (kept := inbox.take()) is not None:
            self.script.take_signal(kept.signal, None)
            self.took_signal = True
            return kept.value
        self._waits += 1
        wait = self._waits
        future: asyncio.Future[Arrived] = self.create_bare_future()
        inbox.wait(future)
        self.script.await_signal(wait, name)
        try:
            arrived = await future
        except asyncio.CancelledError:
            if self.runs:
                inbox.leave(future)
                self.script.abandon_signal(wait)
            raise
        self.script.take_signal(arrived.signal, wait)
        return arrived.value

    def _own_handlers(self) -> Handlers:
        if self.handlers is NO_HANDLERS:
            self.handlers = Handlers()
        return self.handlers

    def handle_update(self, name: str, handler: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        """See SagaRuntime."""
        self._own_handlers().handles[name] = handler

    def check_update(self, name: str, check: Callable[..., Any]) -> None:
        """See SagaRuntime."""
        self._own_handlers().checks[name] = check

    def answer_query(self, name: str, handler: Callable[..., Any]) -> None:
        """See SagaRuntime."""
        self._own_handlers().answers[name] = handler

    def start_timer(self, timer: int, due_ms: int) -> None:
        """See DeterministicLoop."""
        self.script.start_timer(timer, due_ms)

    def cancel_timer(self, timer: int) -> None:
        """See DeterministicLoop."""
        self.script.cancel_timer(timer)
