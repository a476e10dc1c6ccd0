"""A camera has settings for its picture's shape, for its certificate and for polling still pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns. Existing cameras keep their picture as it is; from now on their certificates are verified."""
    op.add_column("camera", sa.Column("rotation", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("camera", sa.Column("mirrored", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("camera", sa.Column("aspect", sa.Text(), nullable=True))
    op.add_column("camera", sa.Column("certificate", sa.Text(), nullable=True))
    op.add_column("camera", sa.Column("snapshot_seconds", sa.Float(), nullable=False, server_default=sa.text("1")))
