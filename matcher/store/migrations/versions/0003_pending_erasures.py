"""Who has withdrawn and is not erased yet is found without going through everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To the new tables."""
    pending = sa.text("withdrawn_at IS NOT NULL AND erased_at IS NULL")
    op.create_index("ix_subject_pending", "subject", ["withdrawn_at"], sqlite_where=pending, postgresql_where=pending)
