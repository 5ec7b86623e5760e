"""The script of a saga at work: what the code asks for becomes history."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from contracts.attributes import AttributeValue
from contracts.command import Command
from contracts.failures import Problem
from coordinator.engine.agenda import DEADLINE
from coordinator.engine.asks import step_issued, undo_registered
from coordinator.engine.order import OutOfOrder, order_error, undo_error
from coordinator.engine.shown import NOTHING, changes
from coordinator.engine.state import SagaState
from coordinator.engine.times import within
from coordinator.history.deadlines import DeadlineExtended
from coordinator.history.events import Event
from coordinator.history.patches import PatchTaken
from coordinator.history.scopes import ScopeOpened, ScopeUndoStarted
from coordinator.history.shown import AttributesSet, StatusSet
from coordinator.history.signals import SignalAbandoned, SignalAwaited, SignalTaken
from coordinator.history.steps import StepAbandoned
from coordinator.history.timers import TimerCancelled, TimerStarted
from coordinator.history.updates import UpdateAnswered, UpdateRefused

Record = Callable[[Event], None]


class Live:
    """See Script. For one activation, which happens at ``now``."""

    __slots__ = ("_now", "_record", "_state")

    def __init__(self, state: SagaState, record: Record, now: int) -> None:
        self._state = state
        self._record = record
        self._now = now

    def issue(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> OutOfOrder | None:
        """See Script."""
        error = order_error(self._state, command)
        if error is None:
            self._record(step_issued(step, command, arguments, scope, child, self._now))
        return error

    def register(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> None:
        """See Script."""
        self._record(undo_registered(step, command, arguments, scope, child, self._now))

    def abandon(self, step: int) -> None:
        """See Script."""
        self._record(StepAbandoned(step, self._now))

    def start_timer(self, timer: int, due: int) -> None:
        """See Script."""
        self._record(TimerStarted(timer, self._now, due))

    def cancel_timer(self, timer: int) -> None:
        """See Script."""
        self._record(TimerCancelled(timer, self._now))

    def await_signal(self, wait: int, name: str) -> None:
        """See Script."""
        self._record(SignalAwaited(wait, name, self._now))

    def take_signal(self, signal: int, wait: int | None) -> None:
        """See Script."""
        self._record(SignalTaken(signal, self._now, wait))

    def abandon_signal(self, wait: int) -> None:
        """See Script."""
        self._record(SignalAbandoned(wait, self._now))

    def open_scope(self, scope: int, within: int | None, parallel: bool) -> None:
        """See Script."""
        self._record(ScopeOpened(scope, self._now, within, parallel))

    def undo_scope(self, scope: int, cause: Problem) -> OutOfOrder | None:
        """See Script."""
        error = undo_error(self._state, scope)
        if error is None:
            self._record(ScopeUndoStarted(scope, cause, self._now))
        return error

    def extend_deadline(self, by: int) -> int | None:
        """See Script."""
        due = self._state.due.at(DEADLINE)
        if due is None:
            return None
        later = within(self._now, due + by)
        self._record(DeadlineExtended(by, self._now, later))
        return later

    def take_patch(self, name: str) -> bool:
        """See Script."""
        self._record(PatchTaken(name, self._now))
        return True

    def show_status(self, line: str) -> None:
        """See Script."""
        if line != (self._state.shown or NOTHING).line:
            self._record(StatusSet(line, self._now))

    def show_attributes(self, values: Mapping[str, AttributeValue | None]) -> None:
        """See Script."""
        if changed := changes(self._state.shown, values):
            self._record(AttributesSet(changed, self._now))

    def answer_update(self, update: int, answer: msgspec.Raw) -> None:
        """See Script."""
        self._record(UpdateAnswered(update, answer, self._now))

    def refuse_update(self, update: int, problem: Problem) -> None:
        """See Script."""
        self._record(UpdateRefused(update, problem, self._now))
