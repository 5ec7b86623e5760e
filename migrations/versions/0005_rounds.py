"""Sagas that go on as new: which round each is in, and where in its history that begins."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each statement is preceded by its reason."""
    # Every saga is in its first round. No row is rewritten.
    op.execute("ALTER TABLE saga ADD COLUMN round integer NOT NULL DEFAULT 1")
    # Its history begins with the first row.
    op.execute("ALTER TABLE saga ADD COLUMN first_row integer NOT NULL DEFAULT 1")


def downgrade() -> None:
    """As 0004 had it. Sagas that went on as new cannot be read by what was deployed then."""
    op.execute("ALTER TABLE saga DROP COLUMN round, DROP COLUMN first_row")
