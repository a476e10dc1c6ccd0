"""What a reference was made from lies apart from it: a start reads every reference, and no picture."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To the new tables."""
    op.create_table(
        "reference_sample",
        sa.Column("reference_number", sa.Integer(), sa.ForeignKey("reference.number"), primary_key=True),
        sa.Column("sealed_picture", sa.LargeBinary(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False, comment="a JSON object"),
    )
    op.execute("INSERT INTO reference_sample SELECT number, sealed_picture, quality FROM reference")
    op.drop_column("reference", "sealed_picture")
    op.drop_column("reference", "quality")
