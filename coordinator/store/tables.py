"""The tables, as the migrations leave them (``tests/integration/test_migrations.py`` compares the two).

Every hot table starts with the saga's id, so that the schema can be spread over several servers, and has no foreign
key. Ids are compared byte by byte (``COLLATE "C"``): quick, and the same order on every server. A constraint carries
the name of what it guards.
"""

from collections.abc import Iterable

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

from coordinator.engine.status import ENDED, Status

metadata = MetaData()


def quoted(statuses: Iterable[Status]) -> str:
    """The statuses as a list of SQL literals, in a fixed order."""
    return ", ".join(sorted(f"'{status}'" for status in statuses))


_id = Text(collation="C")
_instant = DateTime(timezone=True)

saga = Table(
    "saga",
    metadata,
    Column("saga_id", _id, nullable=False),
    Column("definition", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("input", JSON, nullable=False),
    Column("outcome", JSON),
    Column("parent", _id),
    Column("wake_at", _instant),
    Column("shard", SmallInteger, nullable=False),
    Column("attributes", JSONB),
    Column("parked_for", Text),
    Column("traceparent", Text),
    Column("started_at", _instant, nullable=False),
    Column("ended_at", _instant),
    Column("updated_at", _instant, nullable=False),
    Column("status_line", Text),
    Column("round", Integer, nullable=False, server_default=text("1")),
    Column("first_row", Integer, nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("saga_id", name="one_saga_per_id"),
    CheckConstraint("version >= 1", name="versions_count_from_1"),
    CheckConstraint(f"status IN ({quoted(Status)})", name="status_is_known"),
    CheckConstraint("shard BETWEEN 0 AND 1023", name="there_are_1024_shards"),
    CheckConstraint(f"(ended_at IS NOT NULL) = (status IN ({quoted(ENDED)}))", name="ended_at_iff_ended"),
    CheckConstraint("(parked_for IS NOT NULL) = (status = 'parked')", name="parked_for_iff_parked"),
    CheckConstraint("wake_at IS NULL OR ended_at IS NULL", name="ended_sagas_sleep"),
    # wake_at and status stand in indexes, so no update of a saga is heap-only. That is why a saga's row is written
    # only when one of them has to change, and why the table keeps its pages full.
    Index("saga_due", "wake_at", "saga_id", postgresql_where=text("wake_at IS NOT NULL")),
    Index("saga_parked_for_code", "saga_id", postgresql_where=text("parked_for = 'code'")),
    # Without the id, which would tempt the planner to look sagas up here: the few that share a millisecond are sorted.
    Index("saga_by_status", "status", "started_at"),
    Index("saga_by_definition", "definition", "status", "started_at"),
    # Of sagas that have some: the others pay nothing for it.
    Index("saga_by_parent", "parent", "status", "started_at", postgresql_where=text("parent IS NOT NULL")),
    Index(
        "saga_by_attributes",
        "attributes",
        postgresql_using="gin",
        postgresql_ops={"attributes": "jsonb_path_ops"},
        postgresql_where=text("attributes IS NOT NULL"),
    ),
    postgresql_with={"autovacuum_vacuum_scale_factor": "0.02", "autovacuum_analyze_scale_factor": "0.02"},
)
"""What people list and the sweeps look for; the history is the truth."""

history = Table(
    "history",
    metadata,
    Column("saga_id", _id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("events", JSON, nullable=False),
    Column("at", _instant, nullable=False),
    # The fence: of all coordinators that decide on a saga's next step, the one whose row lands first wins.
    PrimaryKeyConstraint("saga_id", "seq", name="one_decision_per_seq"),
    CheckConstraint("seq >= 1", name="history_counts_from_1"),
)
"""One row for each activation. Those of a saga that went on as new begin with the ``first_row`` of its saga row: those
of its first round are emptied, and stay for the fence; those of later rounds are gone."""

outbox = Table(
    "outbox",
    metadata,
    Column("command_id", _id, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("saga_id", _id, nullable=False),
    Column("topic", Text, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("at", _instant, nullable=False),
    # The only index, on purpose: rows live for milliseconds, every further index would be paid twice for each command.
    # A command's id starts with its saga's, so one saga's rows are a range of it; and a newer attempt, which changes
    # no indexed column, is a heap-only update.
    PrimaryKeyConstraint("command_id", name="one_row_per_command"),
    CheckConstraint("attempt >= 1", name="attempts_count_from_1"),
    # The table is a few pages of living rows among many dead ones: vacuum after a fixed number of them, at full
    # speed, and keep the pages, since giving them back to the system locks everybody out for a moment.
    postgresql_with={
        "fillfactor": "70",
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "5000",
        "autovacuum_vacuum_cost_delay": "0",
        "vacuum_truncate": "false",
    },
)
"""Records that Kafka has not acknowledged yet. ``headers`` is a JSON array of [name, value in base64]."""
