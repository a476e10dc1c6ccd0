"""What the log of a data folder publishes, after C2SP tlog-tiles."""

from sqlalchemy import LargeBinary, cast, select

from matcher.store import tables
from matcher.store.database import Database
from matcher.tlog.bundle import pack_bundle
from matcher.tlog.errors import TileUnknownError, UncosignedError
from matcher.tlog.tile import Tile

_ENTRY = tables.audit_entry.c
_HASH = tables.log_hash.c


class StoredPublication:
    """The log of a data folder, cut from its tables. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        """The database must have a log."""
        self._database = database

    def checkpoint(self) -> str:
        """See Publication; where witnesses are waited for, the newest they have cosigned. Raises UncosignedError."""
        with self._database.reading() as connection:
            published = connection.execute(select(tables.published_checkpoint.c.checkpoint)).first()
            if published is None:
                return str(connection.execute(select(tables.log_head.c.checkpoint)).scalar_one())
        if published.checkpoint is None:
            raise UncosignedError
        return str(published.checkpoint)

    def read(self, tile: Tile) -> bytes:
        """See Publication."""
        # Cast, so that a value that was tampered with is published as it stands: a reader finds out.
        if tile.level:
            query = (
                select(cast(_HASH.hash, LargeBinary))
                .where(_HASH.level == tile.level, _HASH.place >= tile.begin, _HASH.place < tile.end)
                .order_by(_HASH.place)
            )
        else:
            what = _ENTRY.data if tile.level is None else _ENTRY.leaf_hash
            query = (
                select(cast(what, LargeBinary))
                .where(_ENTRY.index >= tile.begin, _ENTRY.index < tile.end)
                .order_by(_ENTRY.index)
            )
        with self._database.reading() as connection:
            parts = connection.execute(query).scalars().all()
        if len(parts) != tile.width:
            raise TileUnknownError(tile.path)
        return pack_bundle(parts) if tile.level is None else b"".join(parts)
