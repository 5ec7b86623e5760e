"""The barrier's table: what is known of each command, in the participant's own database.

Its row, the handler's writes and the kept answer are one transaction. Whoever handles a command or its undo holds the
row until the commit, so that two consumers that got the same command, or a command and its undo, take turns: the
insert waits on the other's uncommitted row, then the select reads what the other has kept.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Column, DateTime, MetaData, Table, Text, bindparam, func, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.answers import Pending, Progress, Refusal, Success
from contracts.reply_message import answer_name, answer_value, read_answer
from participants.sdk.entry import Entry

TABLE = "amends_barrier"


class BarrierChanged(Exception):
    """Somebody else than this SDK wrote to the barrier's table."""


def barrier_table(metadata: MetaData) -> Table:
    """The barrier's table in this metadata, for services that make their tables by migrations of their own."""
    return Table(
        TABLE,
        metadata,
        # The collation makes the order in which rows are locked the same everywhere.
        Column("command_id", Text(collation="C"), primary_key=True, comment="of the forward command"),
        Column(
            "forward_answer", Text, comment="succeeded, refused, pending or progress; null: not begun, or it failed"
        ),
        Column("forward_value", Text, comment="the result, the problem, or how far it is, as JSON"),
        Column("undo_answer", Text, comment="succeeded; null: not undone"),
        Column("tombstone", Boolean, nullable=False, server_default=text("false"), comment="undone before it was done"),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="first seen"),
        CheckConstraint("(forward_answer IS NULL) = (forward_value IS NULL)", name="amends_barrier_answer_has_value"),
        CheckConstraint(
            "NOT (tombstone AND forward_answer IS NOT NULL)", name="amends_barrier_tombstone_was_never_done"
        ),
        # Every row is updated once, in the transaction that inserts it: room on the page keeps that off the index.
        postgresql_with={"fillfactor": "50"},
    )


async def create_barrier(connection: AsyncConnection) -> None:
    """Makes the barrier's table where it is missing."""
    metadata = MetaData()
    barrier_table(metadata)
    await connection.run_sync(metadata.create_all)


_IDS = bindparam("ids", type_=ARRAY(Text))

# Sorted by the caller: two consumers that share commands wait for each other in the same order, so never in a circle.
_INSERT = text(
    f"INSERT INTO {TABLE} (command_id) SELECT unnest(:ids) ON CONFLICT (command_id) DO NOTHING RETURNING command_id"
).bindparams(_IDS)

_READ = text(
    f"SELECT command_id, forward_answer, forward_value, undo_answer, tombstone FROM {TABLE} "
    "WHERE command_id = ANY(:ids) ORDER BY command_id FOR UPDATE"
).bindparams(_IDS)

# Every row is there already. It is an upsert since that finds rows by the index, whatever the planner believes: an
# update that was first planned on an empty table reads the whole table each time, until somebody analyses it.
_KEEP = text(
    f"INSERT INTO {TABLE} (command_id, forward_answer, forward_value, undo_answer, tombstone) "
    "SELECT * FROM unnest(:ids, :answers, :values, :undos, :tombstones) "
    "ON CONFLICT (command_id) DO UPDATE SET forward_answer = excluded.forward_answer, "
    "forward_value = excluded.forward_value, undo_answer = excluded.undo_answer, tombstone = excluded.tombstone"
).bindparams(
    _IDS,
    *(bindparam(name, type_=ARRAY(Text)) for name in ("answers", "values", "undos")),
    bindparam("tombstones", type_=ARRAY(Boolean)),
)


async def enter(connection: AsyncConnection, forward_ids: Collection[str]) -> dict[str, Entry]:
    """The entries of these commands, new or known, held by this transaction until it ends."""
    wanted = sorted(set(forward_ids))
    inserted = await connection.execute(_INSERT, {"ids": wanted})
    entries = {command_id: Entry(command_id) for command_id in inserted.scalars()}
    if len(entries) < len(wanted):
        # A statement of its own: the insert's snapshot does not show what it had to wait for.
        known = await connection.execute(_READ, {"ids": [i for i in wanted if i not in entries]})
        entries |= {row[0]: _entry(*row) for row in known}
    if len(entries) < len(wanted):
        raise BarrierChanged("A row of the barrier was deleted while it was looked for: the commands are read again.")
    return entries


async def keep(connection: AsyncConnection, entries: Iterable[Entry]) -> None:
    """Writes what was decided, in one statement."""
    changed = [entry for entry in entries if entry.changed]
    if not changed:
        return
    parameters: dict[str, Any] = {
        "ids": [entry.command_id for entry in changed],
        "answers": [None if entry.forward is None else answer_name(entry.forward) for entry in changed],
        "values": [None if entry.forward is None else answer_value(entry.forward).decode() for entry in changed],
        "undos": ["succeeded" if entry.undone else None for entry in changed],
        "tombstones": [entry.tombstone for entry in changed],
    }
    await connection.execute(_KEEP, parameters)


def _entry(command_id: str, answer: str | None, value: str | None, undo: str | None, tombstone: bool) -> Entry:
    forward = None if answer is None or value is None else read_answer(answer, value.encode())
    if not isinstance(forward, Success | Refusal | Pending | Progress | None):
        raise BarrierChanged(f"The barrier holds {answer!r} as the answer of {command_id}: that was not the SDK.")
    return Entry(command_id, forward, undo is not None, tombstone)
