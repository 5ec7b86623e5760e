"""What lists show of a saga: its row says what the history says that its code said last."""

from collections.abc import Iterator, Sequence

import msgspec

from contracts.attributes import Attributes
from coordinator.history.children import SagaReopened
from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued
from coordinator.history.shown import AttributesSet, StatusSet
from coordinator.history.started import SagaStarted
from coordinator.history.undos import CompensationStarted
from coordinator.runtime.ports import SagaView

MOST = 200
"""Characters of a line."""


def shown_faults(saga_id: str, events: Sequence[Event], row: SagaView) -> Iterator[str]:
    """``events`` are those of the last round."""
    line, found = "", Attributes()
    for event in events:
        match event:
            case SagaStarted(attributes=given):
                found |= given or {}
            case SagaContinued(line=line):
                found |= event.attributes or {}
            case StatusSet(line):
                if len(line) > MOST:
                    yield f"Shown: {saga_id} has a line of {len(line)} characters"
            case AttributesSet(values):
                found |= {name: value for name, value in values.items() if value is not None}
                for name in values.keys() - {name for name, value in values.items() if value is not None}:
                    found.pop(name, None)
            case CompensationStarted() | SagaReopened():
                line = ""
            case _:
                pass
    shown = {} if row.attributes is None else msgspec.json.decode(row.attributes)
    if (row.status_line or "", shown) != (line, found):
        yield f"Shown: the row of {saga_id} says {row.status_line!r} and {shown}, its history {line!r} and {found}"
