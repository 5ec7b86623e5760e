"""What a saga's code shows of itself: a line, and attributes by which it is found."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each statement is preceded by its reason."""
    # The line that lists show. No row is rewritten.
    op.execute("ALTER TABLE saga ADD COLUMN IF NOT EXISTS status_line text")
    # Nobody has attributes yet, but the table is read to find that out: meanwhile sagas go on. A build that was broken
    # off has left an index that is not used.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX IF EXISTS saga_by_attributes")
        op.execute(
            "CREATE INDEX CONCURRENTLY saga_by_attributes ON saga USING gin (attributes jsonb_path_ops) "
            "WHERE attributes IS NOT NULL"
        )


def downgrade() -> None:
    """As 0003 had it, and the line is gone."""
    op.execute("DROP INDEX saga_by_attributes")
    op.execute("ALTER TABLE saga DROP COLUMN status_line")
