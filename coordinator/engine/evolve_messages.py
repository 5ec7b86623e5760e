"""How events about signals and updates change the state."""

from collections.abc import Callable, Mapping
from typing import Any

from coordinator.engine.state import NO_SIGNALS, NO_UPDATES, SagaState, Signals, Updates
from coordinator.history.events import Event
from coordinator.history.signals import SignalAbandoned, SignalAwaited, SignalHeeded, SignalReceived, SignalTaken
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused


def _own_signals(state: SagaState) -> Signals:
    if state.signals is NO_SIGNALS:
        state.signals = Signals()
    return state.signals


def _signal_received(state: SagaState, event: SignalReceived) -> None:
    signals = _own_signals(state)
    signals.ids[event.id] = event.name
    signals.received = event.signal
    signals.kept[event.signal] = event


def _signal_heeded(state: SagaState, event: SignalHeeded) -> None:
    _own_signals(state).ids[event.id] = event.name


def _signal_awaited(state: SagaState, event: SignalAwaited) -> None:
    _own_signals(state).waits[event.wait] = event.name


def _signal_taken(state: SagaState, event: SignalTaken) -> None:
    del state.signals.kept[event.signal]
    if event.wait is not None:
        del state.signals.waits[event.wait]


def _signal_abandoned(state: SagaState, event: SignalAbandoned) -> None:
    del state.signals.waits[event.wait]


def _update_accepted(state: SagaState, event: UpdateAccepted) -> None:
    if state.updates is NO_UPDATES:
        state.updates = Updates()
    state.updates.ids[event.id] = event.name
    state.updates.accepted = event.update
    state.updates.open.add(event.update)


def _update_settled(state: SagaState, event: UpdateAnswered | UpdateRefused) -> None:
    state.updates.open.remove(event.update)


MESSAGE_CHANGES: Mapping[type[Event], Callable[[SagaState, Any], None]] = {
    SignalReceived: _signal_received,
    SignalHeeded: _signal_heeded,
    SignalAwaited: _signal_awaited,
    SignalTaken: _signal_taken,
    SignalAbandoned: _signal_abandoned,
    UpdateAccepted: _update_accepted,
    UpdateAnswered: _update_settled,
    UpdateRefused: _update_settled,
}
