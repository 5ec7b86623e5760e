"""When a saga's timers and deadlines are due, by its history alone: T1, each in its time, and later by its pauses."""

from contracts.failures import Problem
from contracts.kinds import Kind
from coordinator.history.children import SagaReopened
from coordinator.history.deadlines import DeadlineExtended
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.people import SagaPaused, SagaUnpaused, StepSeenTo
from coordinator.history.rounds import Begun
from coordinator.history.scopes import ScopeUndoStarted
from coordinator.history.steps import (
    StepAbandoned,
    StepAttemptFailed,
    StepFailed,
    StepHeld,
    StepIssued,
    StepProgressed,
    StepRefused,
    StepRetried,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.timers import TimerCancelled, TimerFired, TimerStarted
from coordinator.history.undos import (
    CancelRequested,
    CompensationStarted,
    UndoAttemptFailed,
    UndoGivenUp,
    UndoHeld,
    UndoIssued,
    UndoProgressed,
    UndoRetried,
    UndoSkipped,
    UndoSucceeded,
)
from tests.simulation.nesting import Nesting

Key = tuple[str, int]


class DueTimes:
    """One saga's; what comes too early, or would come too late, is added to ``faults``."""

    def __init__(self, saga_id: str, faults: list[str]) -> None:
        self._saga_id, self._faults = saga_id, faults
        self._due: dict[Key, int] = {}
        self._paused_at = 0
        self._nesting = Nesting()
        self._may_be_left: set[int] = set()
        """Steps that can be undone, or need not be: nothing of them is due once nobody waits for them."""
        self._by_hand: Key | None = None
        """What a person has just had tried again: at any time."""

    def compare(self, wake_at: int | None, *, code_stopped: bool) -> None:
        """The saga is woken in time. While its code is stopped, only undos are due."""
        first = min((at for (what, _), at in self._due.items() if what == "undo" or not code_stopped), default=None)
        if first is not None and (wake_at is None or wake_at > first):
            self._faults.append(f"T1: {self._saga_id} has something due at {first}, and is woken at {wake_at}")

    def read(self, event: Event) -> None:
        """One more of its history."""
        self._nesting.read(event)
        match event:
            case _ if isinstance(event, Begun):
                if event.deadline is not None:
                    self._due["saga", 0] = event.deadline
            case CancelRequested(problem, at):
                if problem.type == "deadline_exceeded":
                    self._came(("saga", 0), at)
                self._due.pop(("saga", 0), None)
            case DeadlineExtended(by, at, due):
                before = self._due.get(("saga", 0))
                if before is None or due != max(before + by, at + 1):
                    self._faults.append(f"T1: at {at} {self._saga_id} has {by} ms more than {before}, which is {due}")
                self._due["saga", 0] = due
            case TimerStarted(timer, due=due):
                self._due["timer", timer] = due
            case TimerFired(timer, at):
                self._came(("timer", timer), at)
                self._due.pop(("timer", timer), None)
            case TimerCancelled(timer):
                self._due.pop(("timer", timer), None)
            case _:
                self._step(event)

    def _step(self, event: Event) -> None:
        match event:
            case StepIssued(step, kind=kind, undoable=undoable, deadline=deadline):
                self._due["step", step] = deadline
                if undoable or kind is Kind.COMPENSATABLE:
                    self._may_be_left.add(step)
            case StepProgressed(step, deadline=deadline):
                self._put(("step", step), deadline)
            case StepAttemptFailed(step, _, problem, at, retry_at):
                self._failed(("step", step), problem, at, retry_at)
            case StepRetried(step, _, at, deadline):
                self._came(("step", step), at)
                self._due["step", step] = deadline
            case StepTimedOut(step, _, problem, at) | StepFailed(step, _, problem, at) | StepHeld(step, _, problem, at):
                self._failed(("step", step), problem, at, None)
            case StepAbandoned(step) if step not in self._may_be_left:
                pass
            case StepSucceeded(step) | StepRefused(step) | StepAbandoned(step):
                self._due.pop(("step", step), None)
            case _:
                self._undo(event)

    def _undo(self, event: Event) -> None:
        match event:
            case UndoIssued(step, deadline=deadline):
                self._due["undo", step] = deadline
            case UndoAttemptFailed(step, _, problem, at, retry_at):
                self._failed(("undo", step), problem, at, retry_at)
            case UndoRetried(step, _, at, deadline):
                self._came(("undo", step), at)
                self._due["undo", step] = deadline
            case UndoProgressed(step, deadline=deadline):
                self._put(("undo", step), deadline)
            case UndoGivenUp(step, _, problem, at) | UndoHeld(step, _, problem, at):
                self._failed(("undo", step), problem, at, None)
            case UndoSucceeded(step) | UndoSkipped(step):
                self._due.pop(("undo", step), None)
            case _:
                self._saga(event)

    def _saga(self, event: Event) -> None:
        match event:
            case StepSeenTo(step, act):
                self._by_hand = ("undo" if act == "retry_undo" else "step", step)
            case SagaPaused(_, at):
                self._paused_at = at
            case SagaUnpaused(_, at):
                self._due = {key: due + at - self._paused_at for key, due in self._due.items()}
            case ScopeUndoStarted(scope):
                for step in self._may_be_left.intersection(self._nesting.steps(scope)):
                    self._due.pop(("step", step), None)
            case CompensationStarted() | SagaReopened():
                self._due = {key: due for key, due in self._due.items() if key[0] == "undo"}
            case _ if isinstance(event, SagaEnded):
                self._due = {}
            case _:
                pass

    def _failed(self, key: Key, problem: Problem, at: int, retry_at: int | None) -> None:
        if problem.type == "timeout":
            self._came(key, at)
        self._put(key, retry_at)

    def _put(self, key: Key, at: int | None) -> None:
        if at is None:
            self._due.pop(key, None)
        else:
            self._due[key] = at

    def _came(self, key: Key, at: int) -> None:
        due = self._due.get(key)
        if due is not None and at < due and key != self._by_hand:
            self._faults.append(f"T1: {' '.join(map(str, key))} of {self._saga_id} came at {at}, {due - at} ms early")
        if key == self._by_hand:
            self._by_hand = None
