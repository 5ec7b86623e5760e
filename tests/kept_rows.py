"""The rows of a history that a store has: of a saga that went on as new, those of its last round."""

from collections.abc import Sequence

from coordinator.engine.machine import Machine
from coordinator.history.codec import read_events
from coordinator.history.events import Event
from coordinator.history.rounds import round_of
from coordinator.saga import Definitions


def kept_rows(rows: Sequence[bytes]) -> list[list[Event]]:
    """Of all that were ever written."""
    read = [read_events(row) for row in rows]
    for number in range(len(read) - 1, -1, -1):
        if len(begins := round_of(read[number])) < len(read[number]):
            return [list(begins), *read[number + 1 :]]
    return read


def check_kept(machine: Machine, rows: Sequence[bytes], definitions: Definitions) -> None:
    """The kept rows alone amount to what this machine has."""
    stored = Machine.rebuild(machine.saga_id, kept_rows(rows), definitions)
    assert stored.state == machine.state
    assert (stored.seq, stored.wake_at) == (machine.seq, machine.wake_at)
