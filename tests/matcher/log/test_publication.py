"""A log as it is published: by its data folder, and by an export of it, which must say the same."""

import hashlib
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.audit.receipt import Receipt
from matcher.log.entry import EntryKind
from matcher.log.errors import EntryUnknownError, ReceiptError
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.store.database import Database
from matcher.tlog.bundle import pack_bundle, unpack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import ExportError, NoteError, TileUnknownError
from matcher.tlog.export import ExportedLog
from matcher.tlog.merkle import leaf_hash
from matcher.tlog.note import Signer, Verifier, open_note, sign_note
from matcher.tlog.publication import Publication
from matcher.tlog.tile import Tile, tiles
from matcher.tlog.tree import TiledTree
from tests.empty_folder import empty_folder
from tests.matcher.stub import MovableClock

ENTRIES = 600


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a log with many entries."""
    folder = empty_folder(tmp_path_factory.mktemp("grown") / "data")
    with Database.open(folder) as database:
        grow(AuditLog(database, clock=MovableClock()), ENTRIES)
    return folder


@pytest.fixture
def log(tmp_path: Path, grown: Path) -> Iterator[AuditLog]:
    """A log of its own, to be changed."""
    with Database.open(Path(shutil.copytree(grown, tmp_path / "data"))) as database:
        yield AuditLog(database, clock=MovableClock())


def grow(log: AuditLog, count: int) -> None:
    with log.writing() as connection:
        for at in range(count):
            log.append(connection, EntryKind.LOG_READ, {"number": at})


def stored(log: AuditLog) -> StoredPublication:
    return StoredPublication(log._database)


def verifier(log: AuditLog) -> Verifier:
    return Verifier.parse(log.verifier_key)


@pytest.fixture(params=["data folder", "export"])
def publication(request: pytest.FixtureRequest, log: AuditLog, tmp_path: Path) -> Publication:
    if request.param == "data folder":
        return stored(log)
    exported = ExportedLog(tmp_path / "export")
    exported.extend(stored(log))
    return exported


def test_the_tiles_are_those_of_the_entries(publication: Publication, log: AuditLog) -> None:
    checkpoint = Checkpoint.parse(open_note(publication.checkpoint(), [verifier(log)]))
    assert checkpoint.size == ENTRIES
    leaves = []
    for tile in tiles(ENTRIES):
        data = publication.read(tile)
        if tile.level is None:
            leaves += unpack_bundle(data, tile.width)
        else:
            assert len(data) == 32 * tile.width
    assert leaves == [entry.data for entry in log.entries(limit=10_000)]
    assert publication.read(Tile(level=0, number=1)) == b"".join(map(leaf_hash, leaves[256:512]))
    assert TiledTree(ENTRIES, publication.read).root() == checkpoint.root


@pytest.mark.parametrize("path", ["tile/0/002", "tile/0/003.p/1", "tile/1/000", "tile/1/000.p/3", "tile/entries/002"])
def test_what_the_log_is_too_short_for_is_not_there(publication: Publication, path: str) -> None:
    with pytest.raises(TileUnknownError, match=path):
        publication.read(Tile.parse(path))


@pytest.mark.parametrize("index", [0, 255, 256, ENTRIES - 1])
def test_a_receipt_proves_its_entry_to_who_has_the_key_alone(
    publication: Publication, log: AuditLog, index: int
) -> None:
    text = Receipt.issue(publication, index).text
    entry, checkpoint = Receipt.parse(text).verified(verifier(log))
    assert entry == log.entry(index)
    assert checkpoint.size == ENTRIES


@pytest.mark.parametrize("index", [-1, ENTRIES, 2**70])
def test_no_receipt_of_what_is_not_there(publication: Publication, log: AuditLog, index: int) -> None:
    with pytest.raises(EntryUnknownError):
        Receipt.issue(publication, index)


def test_a_receipt_reads_as_the_format_says(log: AuditLog) -> None:
    lines = Receipt.issue(stored(log), 7).text.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert lines[2] == "index 7"
    assert lines.index("") == 3 + 10  # 8 hashes inside the first full tile, and 2 above it
    assert lines[15] == str(ENTRIES)


def test_no_receipt_that_was_changed_anywhere_proves_anything(log: AuditLog) -> None:
    text = Receipt.issue(stored(log), 300).text
    for at in range(len(text)):
        for changed in (text[:at] + text[at + 1 :], text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]):
            with pytest.raises((ReceiptError, NoteError)):
                Receipt.parse(changed).verified(verifier(log))


def test_a_receipt_of_another_log_or_another_index_proves_nothing(log: AuditLog) -> None:
    receipt = Receipt.issue(stored(log), 300)
    with pytest.raises(NoteError, match="none of the keys"):
        receipt.verified(Signer.generate("other").verifier)
    text = receipt.text.replace("index 300", "index 301")
    with pytest.raises(ReceiptError, match="does not lead"):
        Receipt.parse(text).verified(verifier(log))


def test_an_export_is_extended_and_the_tiles_that_were_full_stay_as_they_are(log: AuditLog, tmp_path: Path) -> None:
    exported = ExportedLog(tmp_path / "export")
    exported.extend(stored(log))
    full = exported.folder / "tile/0/001"
    before = full.stat()
    grow(log, 200)
    steps: list[tuple[int, int]] = []
    exported.extend(stored(log), lambda done, of: steps.append((done, of)))
    assert (full.stat().st_ino, full.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    checkpoint = Checkpoint.parse(exported.checkpoint().rpartition("\n\n")[0] + "\n")
    assert checkpoint.size == ENTRIES + 200
    assert TiledTree(checkpoint.size, exported.read).root() == checkpoint.root
    assert steps[-1][0] == steps[-1][1] == len(list(tiles(checkpoint.size, after=ENTRIES)))
    assert not list(exported.folder.rglob("*.unfinished"))


def test_an_export_that_broke_off_is_the_one_before(
    log: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = ExportedLog(tmp_path / "export")
    exported.extend(stored(log))
    note = exported.checkpoint()
    grow(log, 1_000)

    class Breaking(StoredPublication):
        def read(self, tile: Tile) -> bytes:
            if tile.level == 0 and tile.number == 5:
                raise TileUnknownError(tile.path)
            return super().read(tile)

    with pytest.raises(TileUnknownError):
        exported.extend(Breaking(log._database))
    assert exported.checkpoint() == note
    assert TiledTree(ENTRIES, exported.read).root() == Checkpoint.parse(open_note(note, [verifier(log)])).root
    exported.extend(stored(log))
    assert exported.checkpoint() == log.checkpoint()


def test_another_logs_export_is_not_written_over(log: AuditLog, tmp_path: Path) -> None:
    exported = ExportedLog(tmp_path / "export")
    exported.extend(stored(log))
    forged = Checkpoint(origin=verifier(log).name, size=ENTRIES - 1, root=bytes(32))
    key = Signer.parse((log._database.folder / "log.key").read_text())
    (exported.folder / "checkpoint").write_text(sign_note(forged.text, key))
    with pytest.raises(ExportError, match="does not begin with"):
        exported.extend(stored(log))
    (exported.folder / "checkpoint").write_text("rubbish")
    with pytest.raises(NoteError):
        exported.extend(stored(log))


def test_a_folder_that_holds_none_or_cannot_be_written_says_so(log: AuditLog, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no exported log"):
        ExportedLog(tmp_path / "nowhere").checkpoint()
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="cannot be written"):
        ExportedLog(tmp_path / "file").extend(stored(log))


def test_bundles() -> None:
    leaves = [b"", b"a", bytes(65_535)]
    packed = pack_bundle(leaves)
    assert packed[:5] == struct.pack(">HH", 0, 1) + b"a"
    assert unpack_bundle(packed, 3) == leaves
    assert unpack_bundle(b"", 0) == []
    for spoiled, count in [(packed, 2), (packed, 4), (packed[:-1], 3), (packed + b"\0", 3), (packed[:1], 1)]:
        with pytest.raises(ValueError, match="a bundle"):
            unpack_bundle(spoiled, count)


def test_hashes_kept_for_proofs_are_written_with_the_entries_that_fill_their_tile(log: AuditLog) -> None:
    with log._database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT level, place, hash FROM log_hash ORDER BY level, place").all()
    assert [(level, place) for level, place, _ in rows] == [(1, 0), (1, 1)]
    first = stored(log).read(Tile(level=0, number=0))
    hashes = [first[at : at + 32] for at in range(0, len(first), 32)]
    while len(hashes) > 1:
        hashes = [
            hashlib.sha256(b"\x01" + left + right).digest()
            for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]
    assert rows[0][2] == hashes[0]
