"""People may declare groups they belong to, so that unequal treatment can be measured."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To the new table, which is empty: nobody has declared anything yet."""
    op.create_table(
        "declaration",
        sa.Column("subject_id", sa.Text(), sa.ForeignKey("subject.id"), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        comment="Groups that people declared themselves, and the salt of the commitment; under the subject's key.",
    )
