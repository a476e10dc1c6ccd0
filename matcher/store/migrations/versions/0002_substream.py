"""A camera may have a substream."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To the new tables."""
    op.add_column("camera", sa.Column("sealed_substream", sa.LargeBinary(), nullable=True))
