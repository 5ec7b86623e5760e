"""A batch as the arrays that travel: a column each, all of one length, in the order of the statements' parameters."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec

from coordinator.runtime.ports import Confirmed, OutboxRow, SagaRowChange, SagaStart, SagaWrite
from coordinator.store.statements import change_sagas, commit_batch, start_sagas, write_history

Columns = tuple[list[object], ...]

write_headers: Callable[[object], bytes] = msgspec.json.Encoder().encode
read_headers = msgspec.json.Decoder(tuple[tuple[str, bytes], ...]).decode


class Batch(NamedTuple):
    """The columns of each table's part. A part without rows has none."""

    history: Columns
    starts: Columns
    changes: Columns
    over: Columns
    """Rounds that are."""
    outbox: Columns
    confirmed: Columns
    shown: bool
    """The sagas' parts have columns of what their code shows."""
    rounds: bool
    """The histories' and the sagas' parts have columns of rounds: some sagas are not in their first any more."""

    @property
    def columns(self) -> Columns:
        """Of the histories and all parts that have rows, as the statement for them takes them."""
        return (*self.history, *self.starts, *self.changes, *self.over, *self.outbox, *self.confirmed)

    @property
    def statement(self) -> str:
        """The one statement that writes it."""
        return commit_batch(
            starts=bool(self.starts),
            changes=bool(self.changes),
            shown=self.shown,
            rounds=self.rounds,
            over=bool(self.over),
            outbox=bool(self.outbox),
            confirmed=bool(self.confirmed),
        )

    @property
    def write_history(self) -> str:
        """The statement for the histories alone; so with the other two."""
        return write_history(rounds=self.rounds)

    @property
    def start_sagas(self) -> str:
        """For the sagas that begin."""
        return start_sagas(shown=self.shown, rounds=self.rounds)

    @property
    def change_sagas(self) -> str:
        """For those that change."""
        return change_sagas(shown=self.shown, rounds=self.rounds)


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
    over: list[SagaWrite] = []
    # The newest attempt stands if one activation decided on several: a row cannot be replaced twice in a statement.
    rows: dict[str, tuple[OutboxRow, int]] = {}
    shown = rounds = False
    for write in writes:
        change = write.change
        if write.start is not None:
            if change is None:
                raise ValueError(f"The start of {write.saga_id!r} lacks the parts of its row that change.")
            starts.append((write.saga_id, write.start, change))
        elif change is not None:
            changes.append((write.saga_id, change, write.at))
            if change.round is not None:
                over.append(write)
        if change is not None:
            shown = shown or change.shown is not None
            rounds = rounds or change.round is not None
        rounds = rounds or write.first_row > 1
        for row in write.outbox:
            rows[row.command_id] = (row, write.at)
    return Batch(
        (
            [write.saga_id for write in writes],
            [write.seq for write in writes],
            [write.events.decode() for write in writes],
            [write.at for write in writes],
            *(([write.first_row for write in writes],) if rounds else ()),
        ),
        _starts(starts, shown, rounds) if starts else (),
        _changes(changes, {write.saga_id: write.seq for write in over}, shown, rounds) if changes else (),
        _over(over) if over else (),
        _outbox(list(rows.values())) if rows else (),
        ([one.command_id for one in confirmed], [one.attempt for one in confirmed]) if confirmed else (),
        shown,
        rounds,
    )


def _starts(starts: Sequence[tuple[str, SagaStart, SagaRowChange]], shown: bool, rounds: bool) -> Columns:
    changes = [change for _, _, change in starts]
    return (
        [saga_id for saga_id, _, _ in starts],
        [start.definition for _, start, _ in starts],
        [start.version for _, start, _ in starts],
        [start.input.decode() for _, start, _ in starts],
        [start.shard for _, start, _ in starts],
        [start.traceparent for _, start, _ in starts],
        [start.parent for _, start, _ in starts],
        *_changing(changes),
        [start.at for _, start, _ in starts],
        *(_shown(changes)[1:] if shown else ()),
        *(([1 if one.round is None else one.round.number for one in changes],) if rounds else ()),
    )


def _changes(
    changes: Sequence[tuple[str, SagaRowChange, int]], next_rows: Mapping[str, int], shown: bool, rounds: bool
) -> Columns:
    changed = [change for _, change, _ in changes]
    return (
        [saga_id for saga_id, _, _ in changes],
        *_changing(changed),
        [at for _, _, at in changes],
        *(_shown(changed) if shown else ()),
        *((*_rounds(changed), [next_rows.get(saga_id) for saga_id, _, _ in changes]) if rounds else ()),
    )


def _over(writes: Sequence[SagaWrite]) -> Columns:
    """The first row of the round that is over, and of the next one."""
    return (
        [write.saga_id for write in writes],
        [write.first_row for write in writes],
        [write.seq for write in writes],
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


def _rounds(changes: Sequence[SagaRowChange]) -> Columns:
    """The number and the version of the rounds that begin."""
    return (
        [None if one.round is None else one.round.number for one in changes],
        [None if one.round is None else one.round.version for one in changes],
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
