"""The head of a log: what it goes on from. It is checked in the same time whatever the log's length."""

from sqlalchemy import select

from matcher.log.beginning import require_unbegun
from matcher.log.errors import LogHeadError, LogKeyError
from matcher.log.stored_publication import StoredPublication
from matcher.store import tables
from matcher.store.database import Database
from matcher.tlog.bundle import unpack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.merkle import HASH_BYTES, Frontier, leaf_hash
from matcher.tlog.note import Verifier, open_note
from matcher.tlog.tile import WIDTH, Tile
from matcher.tlog.tree import TiledTree


def check_head(database: Database, *verifier_keys: str) -> int:
    """Checks that the signature holds, that the hashes kept of the tree lead to the root that is signed, and that the
    newest entries, WIDTH of them at most, are what was hashed; how many entries there are. Older ones are not read:
    that is `verify_log`.

    Raises NoteError, LogHeadError, LogKeyError if there is no log yet, LogTruncatedError if there was one, StoreError.
    """
    columns = tables.log_head.c
    with database.reading() as connection:
        head = connection.execute(select(columns.size, columns.frontier, columns.checkpoint)).first()
    if head is None:
        require_unbegun(database)
        raise LogKeyError("The data folder has no audit log yet.", remedy="Start the service once.")
    checkpoint = Checkpoint.parse(open_note(head.checkpoint, [Verifier.parse(key) for key in verifier_keys]))
    log = StoredPublication(database)
    roots = (TiledTree(head.size, log.read).root(), _frontier_root(head.size, head.frontier))
    if checkpoint.size != head.size or any(root != checkpoint.root for root in roots):
        raise LogHeadError("the hashes that are kept of it do not lead to the root that was signed")
    if head.size:
        _check_newest(log, head.size)
    return int(head.size)


def _frontier_root(size: int, packed: bytes) -> bytes | None:
    try:
        return Frontier.unpack(size, packed).root()
    except ValueError:
        return None


def _check_newest(log: StoredPublication, size: int) -> None:
    number = (size - 1) // WIDTH
    width = size - number * WIDTH
    kept = log.read(Tile(level=0, number=number, width=width))
    entries = unpack_bundle(log.read(Tile(level=None, number=number, width=width)), width)
    for place, data in enumerate(entries):
        if leaf_hash(data) != kept[place * HASH_BYTES : (place + 1) * HASH_BYTES]:
            raise LogHeadError(f"entry {number * WIDTH + place} is not what was hashed when it was written")
