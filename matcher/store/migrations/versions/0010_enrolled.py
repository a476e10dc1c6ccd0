"""The list of subjects is read by the page, from an index in the order of enrolment."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index."""
    op.create_index("ix_subject_enrolled", "subject", ["created_at", "id", "withdrawn_at"])
