"""Sagas, their histories, and the outbox."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each statement is preceded by its reason."""
    _sagas()
    _histories()
    _outbox()


def _sagas() -> None:
    # What people list and the sweeps look for, one row for each saga. Ids are compared byte by byte: quick, and the
    # same order on every server. The constraints say what the runtime relies on. Vacuumed at 2 % of dead rows instead
    # of 20 %, which in a table of millions would come too late.
    op.execute("""
        CREATE TABLE saga (
            saga_id text COLLATE "C" NOT NULL,
            definition text NOT NULL,
            version integer NOT NULL,
            status text NOT NULL,
            input json NOT NULL,
            outcome json,
            parent text COLLATE "C",
            wake_at timestamptz,
            shard smallint NOT NULL,
            attributes jsonb,
            parked_for text,
            traceparent text,
            started_at timestamptz NOT NULL,
            ended_at timestamptz,
            updated_at timestamptz NOT NULL,
            CONSTRAINT one_saga_per_id PRIMARY KEY (saga_id),
            CONSTRAINT versions_count_from_1 CHECK (version >= 1),
            CONSTRAINT status_is_known CHECK (status IN (
                'compensated', 'compensating', 'completed', 'failed', 'parked', 'running')),
            CONSTRAINT there_are_1024_shards CHECK (shard BETWEEN 0 AND 1023),
            CONSTRAINT ended_at_iff_ended CHECK (
                (ended_at IS NOT NULL) = (status IN ('compensated', 'completed', 'failed'))),
            CONSTRAINT parked_for_iff_parked CHECK ((parked_for IS NOT NULL) = (status = 'parked')),
            CONSTRAINT ended_sagas_sleep CHECK (wake_at IS NULL OR ended_at IS NULL)
        ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)
    """)
    # Timers: what is due is found without reading the millions that sleep, or have ended.
    op.execute("CREATE INDEX saga_due ON saga (wake_at, saga_id) WHERE wake_at IS NOT NULL")
    # Recovery: after the loss of a broker, everything under way is looked at, in pages.
    op.execute("CREATE INDEX saga_unfinished ON saga (saga_id) WHERE status IN ('compensating', 'running')")
    # Deployment: new code takes up the sagas that waited for it.
    op.execute("CREATE INDEX saga_parked_for_code ON saga (saga_id) WHERE parked_for = 'code'")
    # Lists, newest first: of one status, and by merging the few statuses of all. Without the id, which would tempt the
    # planner to look sagas up here: the few that share a millisecond are sorted.
    op.execute("CREATE INDEX saga_by_status ON saga (status, started_at)")
    # The same for one definition.
    op.execute("CREATE INDEX saga_by_definition ON saga (definition, status, started_at)")


def _histories() -> None:
    # What happened, one row for each activation, only ever inserted. The primary key is the fence: of all coordinators
    # that decide on a saga's next step, the one whose row lands first wins.
    op.execute("""
        CREATE TABLE history (
            saga_id text COLLATE "C" NOT NULL,
            seq integer NOT NULL,
            events json NOT NULL,
            at timestamptz NOT NULL,
            CONSTRAINT one_decision_per_seq PRIMARY KEY (saga_id, seq),
            CONSTRAINT history_counts_from_1 CHECK (seq >= 1)
        )
    """)


def _outbox() -> None:
    # Records that Kafka has not acknowledged yet. Keyed by the command's id, so it needs no sequence and nothing is
    # ever skipped; the key is the only index, since a row lives for milliseconds. Room is left in its pages for newer
    # attempts. A few living rows among many dead ones: vacuumed after a fixed number of them, at full speed, and
    # without giving pages back, which would lock everybody out for a moment.
    op.execute("""
        CREATE TABLE outbox (
            command_id text COLLATE "C" NOT NULL,
            attempt integer NOT NULL,
            saga_id text COLLATE "C" NOT NULL,
            topic text NOT NULL,
            headers bytea NOT NULL,
            value bytea NOT NULL,
            at timestamptz NOT NULL,
            CONSTRAINT one_row_per_command PRIMARY KEY (command_id),
            CONSTRAINT attempts_count_from_1 CHECK (attempt >= 1)
        ) WITH (
            fillfactor = 70,
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 5000,
            autovacuum_vacuum_cost_delay = 0,
            vacuum_truncate = false
        )
    """)


def downgrade() -> None:
    """Drops everything: all sagas are lost."""
    # Nothing refers to anything, so any order will do.
    op.execute("DROP TABLE outbox")
    op.execute("DROP TABLE history")
    op.execute("DROP TABLE saga")
