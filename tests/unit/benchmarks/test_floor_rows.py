"""The floors write what a saga writes."""

import re

import pytest

from benchmarks.floor_rows import EVENTS, Statement, statements, writes
from coordinator.history.codec import read_events

IDS = ["saga:1", "saga:2"]


@pytest.mark.parametrize("events", EVENTS)
def test_events_are_those_of_a_saga(events: str) -> None:
    """The store's own codec reads the rows of the floor."""
    assert read_events(events)


def test_every_saga_has_four_transitions_and_three_commands() -> None:
    """Each batch holds every saga once; what the batch before sent is confirmed."""
    batches = list(writes(IDS))
    assert [[write.saga_id for write in batch] for batch, _ in batches] == [IDS] * 4
    assert [len(batch[0].outbox) for batch, _ in batches] == [1, 1, 1, 0]
    sent = [row.command_id for batch, _ in batches for write in batch for row in write.outbox]
    assert sent == [one.command_id for _, confirmed in batches for one in confirmed]


@pytest.mark.parametrize("statement", statements(), ids=lambda each: re.findall(r"events\d", each.sql)[0])
def test_parameters_are_numbered(statement: Statement) -> None:
    """Each name in a statement becomes the number of its value, and each value is used."""
    sql, values = statement.positional()
    assert {int(number) for number in re.findall(r"\$(\d+)", sql)} == set(range(1, len(values) + 2))
    assert re.search(r"(?<!:):\w", sql) is None
