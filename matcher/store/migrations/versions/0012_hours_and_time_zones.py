"""A consent can be limited to weekdays and hours, and a camera has a time zone."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns. Existing consents hold at all hours, and existing cameras are in the site's time zone."""
    op.add_column("consent", sa.Column("times", sa.Text(), nullable=True))
    op.add_column("camera", sa.Column("time_zone", sa.Text(), nullable=True))
