"""Whose history it is, where nothing says so: what a saga draws, and calls its children, follows from its id."""

from collections.abc import Sequence

from contracts.ids import saga_id
from coordinator.history.events import Event
from coordinator.history.rounds import Begun, SagaContinued
from coordinator.history.steps import StepIssued
from coordinator.saga.definition import SagaDefinition


def whose(definition: SagaDefinition, started: Begun, log: Sequence[Event]) -> str:
    """The saga's id: as a child without a key of its own is called by it, or as its input makes it; else any."""
    for event in log:
        if isinstance(event, StepIssued) and event.child is not None:
            parent, _, step = event.child.partition(":")[2].rpartition(":")
            if step == str(event.step) and parent.startswith(f"{definition.name}:"):
                return parent
    first = started.first_input if isinstance(started, SagaContinued) else started.input
    try:
        return saga_id(definition.name, definition.key_of(definition.read_input(first)))
    except ValueError:
        return f"{definition.name}:replayed"
