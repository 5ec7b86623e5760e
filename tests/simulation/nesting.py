"""Which steps of a saga were asked for in which scope, by its history alone."""

from coordinator.history.events import Event
from coordinator.history.scopes import ScopeOpened
from coordinator.history.steps import StepIssued
from coordinator.history.undos import UndoRegistered


class Nesting:
    """One saga's."""

    def __init__(self) -> None:
        self._within: dict[int, int | None] = {}
        self._scope_of: dict[int, int] = {}

    def read(self, event: Event) -> None:
        """One more of its history."""
        match event:
            case ScopeOpened(scope, within=within):
                self._within[scope] = within
            case StepIssued(step, scope=int(scope)) | UndoRegistered(step, scope=int(scope)):
                self._scope_of[step] = scope
            case _:
                pass

    def steps(self, scope: int) -> list[int]:
        """Those in the scope, and in scopes within."""
        return [step for step, inner in self._scope_of.items() if self._holds(scope, inner)]

    def _holds(self, scope: int, inner: int | None) -> bool:
        while inner is not None and inner != scope:
            inner = self._within[inner]
        return inner is not None
