"""Roots of full tiles are kept, so that a proof need not read the whole log."""

import hashlib
from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WIDTH = 256


def upgrade() -> None:
    """To the new table, filled from the log as it stands."""
    table = op.create_table(
        "log_hash",
        sa.Column("level", sa.Integer(), primary_key=True, comment="of the tile it stands in: 1 or more"),
        sa.Column("place", sa.Integer(), primary_key=True, comment="among the hashes of its level"),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        comment="Roots of full tiles (C2SP tlog-tiles), so that a proof reads a few hundred hashes and not all leaves.",
    )
    leaves = op.get_bind().execute(sa.text('SELECT leaf_hash FROM audit_entry ORDER BY "index"')).scalars()
    level, roots = 1, _roots(leaves)
    while roots:
        rows = [{"level": level, "place": place, "hash": root} for place, root in enumerate(roots)]
        op.bulk_insert(table, rows)
        level, roots = level + 1, _roots(roots)


def _roots(hashes: Iterable[bytes]) -> list[bytes]:
    """Of each full tile of these."""
    roots, tile = [], []
    for one in hashes:
        tile.append(one)
        if len(tile) == _WIDTH:
            while len(tile) > 1:
                tile = [
                    hashlib.sha256(b"\x01" + left + right).digest()
                    for left, right in zip(tile[::2], tile[1::2], strict=True)
                ]
            roots += tile
            tile = []
    return roots
