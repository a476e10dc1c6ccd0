"""Each revision of the gallery says whom it changed, so that what follows the gallery can catch up."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table, with one revision for each subject there is: a follower that begins at none then meets them all.

    An earlier enrolment's own revision is not known, but there was one for each. Where a folder was filled by other
    means, the gallery's revision is set to the number of its subjects.
    """
    op.create_table(
        "change",
        sa.Column("revision", sa.Integer(), primary_key=True),
        sa.Column("subject_id", sa.Text(), sa.ForeignKey("subject.id"), nullable=False),
    )
    op.execute("INSERT INTO change SELECT row_number() OVER (ORDER BY created_at, id), id FROM subject")
    op.execute("UPDATE gallery SET revision = max(revision, (SELECT count(*) FROM subject))")
