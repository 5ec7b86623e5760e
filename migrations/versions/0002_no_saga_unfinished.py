"""No index of the sagas under way: nobody reads it."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each statement is preceded by its reason."""
    # What a lost broker had is sent again at its timeout, so nobody looks through everything that is under way; and
    # each saga paid for its entry.
    op.execute("DROP INDEX saga_unfinished")


def downgrade() -> None:
    """As 0001 had it."""
    op.execute("CREATE INDEX saga_unfinished ON saga (saga_id) WHERE status IN ('compensating', 'running')")
