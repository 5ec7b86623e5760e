"""The statuses that people bring about: paused, partially compensated, terminated."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BEFORE = "'compensated', 'compensating', 'completed', 'failed', 'parked', 'running'"
_ENDED_BEFORE = "'compensated', 'completed', 'failed'"
_NOW = (
    "'compensated', 'compensating', 'completed', 'failed', 'parked', 'partially_compensated', 'paused', 'running', "
    "'terminated'"
)
_ENDED_NOW = "'compensated', 'completed', 'failed', 'partially_compensated', 'terminated'"


def upgrade() -> None:
    """Each statement is preceded by its reason."""
    # What a saga can be. The table is read once meanwhile, and locked for that long: a second for some millions.
    _rule("status_is_known", f"status IN ({_NOW})")
    # The same with what it can have ended as.
    _rule("ended_at_iff_ended", f"(ended_at IS NOT NULL) = (status IN ({_ENDED_NOW}))")


def downgrade() -> None:
    """As 0001 had it. Sagas that people have halted or ended go with the nearest status that was known then."""
    op.execute("UPDATE saga SET status = 'running' WHERE status = 'paused'")
    op.execute("UPDATE saga SET status = 'compensated' WHERE status = 'partially_compensated'")
    op.execute("UPDATE saga SET status = 'failed' WHERE status = 'terminated'")
    _rule("status_is_known", f"status IN ({_BEFORE})")
    _rule("ended_at_iff_ended", f"(ended_at IS NOT NULL) = (status IN ({_ENDED_BEFORE}))")


def _rule(name: str, check: str) -> None:
    op.execute(f"ALTER TABLE saga DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK ({check})")
