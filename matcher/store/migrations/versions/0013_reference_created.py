"""The references that came after a moment are found without reading any template."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an index: some 45 MB for a million references."""
    op.create_index("ix_reference_created_at", "reference", ["created_at"])
