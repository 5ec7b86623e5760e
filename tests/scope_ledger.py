"""What must be so of a saga's scopes: nobody behind one goes on before all that was done in it is undone, in order."""

from collections.abc import Iterable, Sequence

from contracts.kinds import Kind
from coordinator.history.children import SagaReopened
from coordinator.history.events import Event
from coordinator.history.people import StepSeenTo
from coordinator.history.scopes import ScopeOpened, ScopeUndone, ScopeUndoStarted
from coordinator.history.steps import StepAbandoned, StepFailed, StepIssued, StepRefused, StepSucceeded, StepTimedOut
from coordinator.history.undos import (
    CompensationStarted,
    UndoGivenUp,
    UndoIssued,
    UndoRegistered,
    UndoRetried,
    UndoSkipped,
)
from coordinator.history.undos import UndoSucceeded as Undone


class ScopeLedger:
    """One saga's history, read event by event; ``faults`` has what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._within: dict[int, int | None] = {}
        self._parallel: set[int] = set()
        self._asked: dict[int, StepIssued] = {}
        self._scopes: dict[int, int | None] = {}
        """The innermost scope of each step, and of each undo that was registered."""
        self._out: set[int] = set()
        """Steps whose outcome is still to come."""
        self._done: list[int] = []
        """Steps that can be undone, in the order in which they succeeded."""
        self._unknown: set[int] = set()
        self._under_way: set[int] = set()
        """Undos that were sent, and have come to nothing yet."""
        self._sent: set[int] = set()
        self._gone: set[int] = set()
        """Steps of which nothing is left, or nothing is to be done."""
        self._undoing: dict[int, frozenset[int]] = {}
        """Scopes that are being undone, and what must be gone before the code goes on."""
        self._ever: set[int] = set()
        self._final = False
        self._turned = False

    def read(self, event: Event) -> None:
        """One more."""
        match event:
            case ScopeOpened(scope, _, within, parallel):
                self._open(scope, within, parallel)
            case ScopeUndoStarted(scope):
                self._go_back(scope)
            case ScopeUndone(scope):
                self._go_on(scope)
            case CompensationStarted() | SagaReopened():
                self._turned = True
            case UndoIssued(step):
                self._undo(step)
            case UndoRetried(step):
                self._under_way.add(step)
            case UndoGivenUp(step):
                self._under_way.discard(step)
            case Undone(step) | UndoSkipped(step) | StepSeenTo(step, "confirm_undo"):
                self._under_way.discard(step)
                self._gone.add(step)
            case _:
                self._forward(event)

    def _forward(self, event: Event) -> None:
        match event:
            case StepIssued(step):
                self._ask(step, event)
            case UndoRegistered(step):
                self._scopes[step] = event.scope
                self._done.append(step)
            case StepSucceeded(step):
                self._out.discard(step)
                self._final |= self._asked[step].kind is Kind.PIVOT
                if self._asked[step].undoable:
                    self._done.append(step)
            case StepRefused(step):
                self._out.discard(step)
            case StepFailed(step) | StepTimedOut(step) | StepAbandoned(step) if self._asked[step].undoable:
                self._out.discard(step)
                self._unknown.add(step)
            case _:
                pass

    def _open(self, scope: int, within: int | None, parallel: bool) -> None:
        if scope != len(self._within) + 1 or (within is not None and within not in self._within):
            self.faults.append(f"scope {scope} is opened out of turn, or within one that is not open")
        self._within[scope] = within
        if parallel:
            self._parallel.add(scope)

    def _ask(self, step: int, event: StepIssued) -> None:
        self._asked[step] = event
        self._scopes[step] = event.scope
        self._out.add(step)
        self._final |= event.kind is Kind.RETRIABLE and not event.undoable
        words = str(bytes(event.arguments), "utf-8")
        if "behind " in words:
            scope = int(words.split("behind ")[1].split('"')[0])
            if scope in self._undoing:
                self.faults.append(f"step {step} was asked for behind scope {scope}, which is not undone yet")
            elif scope not in self._ever and not (self._final or self._pivot_is_out()):
                self.faults.append(f"step {step} was asked for behind scope {scope}, which was never undone")

    def _pivot_is_out(self) -> bool:
        return any(self._asked[step].kind is Kind.PIVOT for step in self._out)

    def _go_back(self, scope: int) -> None:
        if scope in self._undoing or self._turned:
            self.faults.append(f"scope {scope} is undone twice, or while the saga goes back")
        self._unknown |= {step for step in self._inside(self._out, scope) if self._asked[step].undoable}
        self._out -= self._unknown
        done = self._inside([*self._done, *self._unknown], scope)
        self._undoing[scope] = frozenset(done) - self._gone
        self._ever.add(scope)

    def _go_on(self, scope: int) -> None:
        must = self._undoing.pop(scope, None)
        if must is None or self._turned:
            self.faults.append(f"scope {scope} is said to be undone, and was not being undone")
        elif left := sorted(must - self._gone):
            self.faults.append(f"scope {scope} is said to be undone, and steps {left} are not")

    def _undo(self, step: int) -> None:
        if not self._turned and step not in self._unknown:
            scope = next((each for each in self._around(step) if each in self._undoing), None)
            if scope is None:
                self.faults.append(f"step {step} is undone, and is in no scope that is")
            elif scope not in self._parallel:
                self._in_order(step, scope)
        self._sent.add(step)
        self._under_way.add(step)

    def _in_order(self, step: int, scope: int) -> None:
        must = self._undoing[scope]  # what came to be done since then stands
        last = [each for each in self._done if each in must and each not in self._sent][-1:]
        if last != [step]:
            self.faults.append(f"step {step} of scope {scope} is undone before {last}, which completed later")
        if waits := self._inside(self._under_way, scope):
            self.faults.append(f"step {step} of scope {scope} is undone while the undo of {waits} is under way")

    def _inside(self, steps: Iterable[int], scope: int) -> list[int]:
        return [step for step in steps if scope in self._around(step)]

    def _around(self, step: int) -> list[int]:
        """The step's scopes, from the inside."""
        scopes: list[int] = []
        scope = self._scopes[step]
        while scope is not None:
            scopes.append(scope)
            scope = self._within[scope]
        return scopes


def scope_faults(history: Sequence[Event]) -> list[str]:
    """All that is wrong with a saga's scopes. A step whose argument says ``behind 2`` is asked for by code that must
    not run before scope 2 is undone."""
    ledger = ScopeLedger()
    for event in history:
        ledger.read(event)
    return ledger.faults
