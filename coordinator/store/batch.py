"""A batch as the arrays that travel: a column each, all of one length, in the order of the statements' parameters."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec

from coordinator.runtime.ports import Confirmed, OutboxRow, SagaRowChange, SagaStart, SagaWrite
from coordinator.store.statements import commit_batch

Columns = tuple[list[object], ...]

write_headers: Callable[[object], bytes] = msgspec.json.Encoder().encode
read_headers = msgspec.json.Decoder(tuple[tuple[str, bytes], ...]).decode


class Batch(NamedTuple):
    """The columns of each table's part."""

    history: Columns
    starts: Columns
    changes: Columns
    outbox: Columns
    confirmed: Columns
    shown: bool
    """The sagas' parts have columns of what their code shows."""

    @property
    def columns(self) -> Columns:
        """Of the histories and all parts that have rows, as the statement for them takes them."""
        parts = (self.starts, self.changes, self.outbox, self.confirmed)
        return sum((part for part in parts if part[0]), start=self.history)

    @property
    def statement(self) -> str:
        """The one statement that writes it."""
        parts = (self.starts, self.changes, self.outbox, self.confirmed)
        starts, changes, outbox, confirmed = (bool(part[0]) for part in parts)
        return commit_batch(starts=starts, changes=changes, shown=self.shown, outbox=outbox, confirmed=confirmed)


def in_order(writes: Sequence[SagaWrite]) -> Sequence[SagaWrite]:
    """The writes by saga id: when two coordinators write the same sagas, neither waits for the other in a ring.

    Raises ValueError when a saga is there twice.
    """
    if len(writes) > 1:
        if len({write.saga_id for write in writes}) < len(writes):
            raise ValueError("A batch holds each saga at most once: put a saga's second write into the next batch.")
        return sorted(writes, key=attrgetter("saga_id"))
    return writes


def batch_of(writes: Sequence[SagaWrite], confirmed: Sequence[Confirmed]) -> Batch:
    """The columns of these writes. Raises ValueError for bytes that are not UTF-8."""
    starts: list[tuple[str, SagaStart, SagaRowChange]] = []
    changes: list[tuple[str, SagaRowChange, int]] = []
    # The newest attempt stands if one activation decided on several: a row cannot be replaced twice in a statement.
    rows: dict[str, tuple[OutboxRow, int]] = {}
    for write in writes:
        if write.start is not None:
            if write.change is None:
                raise ValueError(f"The start of {write.saga_id!r} lacks the parts of its row that change.")
            starts.append((write.saga_id, write.start, write.change))
        elif write.change is not None:
            changes.append((write.saga_id, write.change, write.at))
        for row in write.outbox:
            rows[row.command_id] = (row, write.at)
    shown = any(write.change is not None and write.change.shown is not None for write in writes)
    return Batch(
        (
            [write.saga_id for write in writes],
            [write.seq for write in writes],
            [write.events.decode() for write in writes],
            [write.at for write in writes],
        ),
        _starts(starts, shown),
        _changes(changes, shown),
        _outbox(list(rows.values())),
        ([one.command_id for one in confirmed], [one.attempt for one in confirmed]),
        shown,
    )


def _starts(starts: Sequence[tuple[str, SagaStart, SagaRowChange]], shown: bool) -> Columns:
    return (
        [saga_id for saga_id, _, _ in starts],
        [start.definition for _, start, _ in starts],
        [start.version for _, start, _ in starts],
        [start.input.decode() for _, start, _ in starts],
        [start.shard for _, start, _ in starts],
        [start.traceparent for _, start, _ in starts],
        *_changing([change for _, _, change in starts]),
        [start.at for _, start, _ in starts],
        *(_shown([change for _, _, change in starts])[1:] if shown else ()),
    )


def _changes(changes: Sequence[tuple[str, SagaRowChange, int]], shown: bool) -> Columns:
    return (
        [saga_id for saga_id, _, _ in changes],
        *_changing([change for _, change, _ in changes]),
        [at for _, _, at in changes],
        *(_shown([change for _, change, _ in changes]) if shown else ()),
    )


def _changing(changes: Sequence[SagaRowChange]) -> Columns:
    return (
        [change.status for change in changes],
        [change.wake_at for change in changes],
        [change.outcome.decode() if change.outcome is not None else None for change in changes],
        [change.parked_for for change in changes],
        [change.ended_at for change in changes],
    )


def _shown(changes: Sequence[SagaRowChange]) -> Columns:
    """Whether it has changed, and what it is then."""
    now = [change.shown for change in changes]
    return (
        [one is not None for one in now],
        [None if one is None else one.status_line for one in now],
        [None if one is None or one.attributes is None else one.attributes.decode() for one in now],
    )


def _outbox(rows: Sequence[tuple[OutboxRow, int]]) -> Columns:
    return (
        [row.command_id for row, _ in rows],
        [row.attempt for row, _ in rows],
        [row.saga_id for row, _ in rows],
        [row.topic for row, _ in rows],
        [write_headers(row.headers) for row, _ in rows],
        [row.value for row, _ in rows],
        [at for _, at in rows],
    )
