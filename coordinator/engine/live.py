"""The script of a saga at work: what the code asks for becomes history."""

from abc import abstractmethod
from collections.abc import Mapping
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


class Live:
    """See Script. For one activation, which happens at ``now``; whoever records its events is the turn."""

    __slots__ = ("now", "state")

    state: SagaState
    now: int

    @abstractmethod
    def record(self, event: Event) -> None:
        """The event happens."""

    def issue(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> OutOfOrder | None:
        """See Script."""
        error = order_error(self.state, command)
        if error is None:
            self.record(step_issued(step, command, arguments, scope, child, self.now))
        return error

    def register(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> None:
        """See Script."""
        self.record(undo_registered(step, command, arguments, scope, child, self.now))

    def abandon(self, step: int) -> None:
        """See Script."""
        self.record(StepAbandoned(step, self.now))

    def start_timer(self, timer: int, due: int) -> None:
        """See Script."""
        self.record(TimerStarted(timer, self.now, due))

    def cancel_timer(self, timer: int) -> None:
        """See Script."""
        self.record(TimerCancelled(timer, self.now))

    def await_signal(self, wait: int, name: str) -> None:
        """See Script."""
        self.record(SignalAwaited(wait, name, self.now))

    def take_signal(self, signal: int, wait: int | None) -> None:
        """See Script."""
        self.record(SignalTaken(signal, self.now, wait))

    def abandon_signal(self, wait: int) -> None:
        """See Script."""
        self.record(SignalAbandoned(wait, self.now))

    def open_scope(self, scope: int, within: int | None, parallel: bool) -> None:
        """See Script."""
        self.record(ScopeOpened(scope, self.now, within, parallel))

    def undo_scope(self, scope: int, cause: Problem) -> OutOfOrder | None:
        """See Script."""
        error = undo_error(self.state, scope)
        if error is None:
            self.record(ScopeUndoStarted(scope, cause, self.now))
        return error

    def extend_deadline(self, by: int, now: int) -> int | None:
        """See Script."""
        due = self.state.due.at(DEADLINE)
        if due is None:
            return None if self.state.cancel is None else within(now, now + by)
        later = within(self.now, due + by)
        self.record(DeadlineExtended(by, self.now, later))
        return later

    def take_patch(self, name: str) -> bool:
        """See Script."""
        self.record(PatchTaken(name, self.now))
        return True

    def show_status(self, line: str) -> None:
        """See Script."""
        if line != (self.state.shown or NOTHING).line:
            self.record(StatusSet(line, self.now))

    def show_attributes(self, values: Mapping[str, AttributeValue | None]) -> None:
        """See Script."""
        if changed := changes(self.state.shown, values):
            self.record(AttributesSet(changed, self.now))

    def answer_update(self, update: int, answer: msgspec.Raw) -> None:
        """See Script."""
        self.record(UpdateAnswered(update, answer, self.now))

    def refuse_update(self, update: int, problem: Problem) -> None:
        """See Script."""
        self.record(UpdateRefused(update, problem, self.now))
