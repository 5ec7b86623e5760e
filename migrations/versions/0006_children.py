"""Sagas that sagas have begun: found by their parent."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each statement is preceded by its reason."""
    # Nobody has a parent yet, but the table is read to find that out: meanwhile sagas go on. A build that was broken
    # off has left an index that is not used.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX IF EXISTS saga_by_parent")
        op.execute(
            "CREATE INDEX CONCURRENTLY saga_by_parent ON saga (parent, status, started_at) WHERE parent IS NOT NULL"
        )


def downgrade() -> None:
    """As 0005 had it."""
    op.execute("DROP INDEX saga_by_parent")
