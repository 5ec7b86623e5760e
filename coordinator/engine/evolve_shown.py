"""How what the code shows of itself changes the state."""

from collections.abc import Callable, Mapping
from typing import Any

from coordinator.engine.shown import NOTHING
from coordinator.engine.state import SagaState
from coordinator.history.shown import AttributesSet, StatusSet


def _status_set(state: SagaState, event: StatusSet) -> None:
    state.shown = (state.shown or NOTHING).with_line(event.text)


def _attributes_set(state: SagaState, event: AttributesSet) -> None:
    state.shown = (state.shown or NOTHING).with_attributes(event.values)


SHOWN_CHANGES: Mapping[type[StatusSet | AttributesSet], Callable[[SagaState, Any], None]] = {
    StatusSet: _status_set,
    AttributesSet: _attributes_set,
}
