"""How events about scopes change the state."""

from collections.abc import Callable, Mapping
from typing import Any

from contracts.kinds import COMPENSATABLE
from coordinator.engine.evolve_steps import settle
from coordinator.engine.lifecycle import Forward, IllegalMove
from coordinator.engine.state import NO_SCOPES, SagaState, Scopes
from coordinator.history.events import Event
from coordinator.history.scopes import ScopeOpened, ScopeUndone, ScopeUndoStarted


def _opened(state: SagaState, event: ScopeOpened) -> None:
    if state.scopes is NO_SCOPES:
        state.scopes = Scopes()
    state.scopes.within[event.scope] = event.within
    if event.parallel:
        state.scopes.parallel.add(event.scope)


def _undo_started(state: SagaState, event: ScopeUndoStarted) -> None:
    """Whatever is still out in it has an unknown outcome; what cannot be undone goes on alone."""
    scopes = state.scopes
    if state.cause is not None or event.scope in scopes.undoing:
        raise IllegalMove(f"Scope {event.scope}", "being undone", event)
    scopes.undoing[event.scope] = event.cause
    scopes.so_far[event.scope] = state.last_step
    for number in sorted(state.in_flight, reverse=True):
        step = state.steps[number]
        if not scopes.holds(event.scope, step.scope):
            continue
        step.awaited = False
        if step.undoable or step.kind is COMPENSATABLE:
            step.forward = Forward.ABANDONED
            settle(state, number)
            if step.unknown:
                state.to_undo.append(number)


def _undone(state: SagaState, event: ScopeUndone) -> None:
    if state.scopes.undoing.pop(event.scope, None) is None:
        raise IllegalMove(f"Scope {event.scope}", "not being undone", event)


SCOPE_CHANGES: Mapping[type[Event], Callable[[SagaState, Any], None]] = {
    ScopeOpened: _opened,
    ScopeUndoStarted: _undo_started,
    ScopeUndone: _undone,
}
