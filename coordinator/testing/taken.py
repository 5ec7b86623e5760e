"""The signals that a saga's code has taken, and the updates that it has taken in."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from coordinator.history.events import Event
from coordinator.history.signals import SignalReceived, SignalTaken
from coordinator.history.updates import UpdateAccepted
from coordinator.saga.definition import SagaDefinition


class Taken(NamedTuple):
    """Equal to its name and value: ``run.signals == [("approval", Approval("Ann"))]``."""

    name: str
    value: Any


def taken_signals(definition: SagaDefinition, history: Iterable[Event]) -> list[Taken]:
    """In the order in which the code has taken them, with values of the types that it declares."""
    received: dict[int, SignalReceived] = {}
    taken: list[Taken] = []
    for event in history:
        match event:
            case SignalReceived(signal):
                received[signal] = event
            case SignalTaken(signal):
                name = received[signal].name
                taken.append(Taken(name, definition.signals[name].read(received[signal].value)))
            case _:
                pass
    return taken


def taken_updates(definition: SagaDefinition, history: Iterable[Event]) -> list[Taken]:
    """In the order in which they came, answered or not, with values of the types that the code declares."""
    return [
        Taken(event.name, definition.updates[event.name].read(event.value))
        for event in history
        if isinstance(event, UpdateAccepted)
    ]
