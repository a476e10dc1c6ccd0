"""A log may publish only what its witnesses have cosigned."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To the new table, which is empty: until witnesses are set, the log publishes its newest checkpoint."""
    op.create_table(
        "published_checkpoint",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("checkpoint", sa.Text(), comment="signed note with cosignatures; null until there is one"),
        sa.CheckConstraint("id = 1"),
        comment="There is a row where the log publishes only what its witnesses have cosigned.",
    )
