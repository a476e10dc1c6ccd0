"""Whatever is done to a log, in an export of it or in its data folder, an auditor with one old checkpoint finds it.

`make tamper-test` does it ten thousand times.
"""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from matcher.audit.auditor import audit
from matcher.audit.verification import verify_log
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.store.database import DATABASE_FILE, Database
from matcher.store.errors import StoreError
from matcher.tlog.bundle import pack_bundle, unpack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import LogError, TileUnknownError
from matcher.tlog.export import ExportedLog
from matcher.tlog.merkle import Frontier, leaf_hash
from matcher.tlog.note import Signer, Verifier, open_note, sign_note
from matcher.tlog.tile import HEIGHT, WIDTH, Tile, tiles
from tests.matcher.log import bodies

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("CLEARGLASS_TAMPER_CASES", "150"))
"""For each of the two places."""

EARLY, KEPT, NOW = 101, 301, 601
"""The log's size when its owner copied it, when the auditor kept a checkpoint, and now."""

Files = dict[str, bytes]


class Target:
    """A log as it is, as it was early, and what its auditor holds."""

    def __init__(self, folder: Path, clock: Any) -> None:
        self.folder = folder / "data"
        with Database.open(self.folder) as database:
            log = AuditLog(database, clock=clock)
            self.verifier = Verifier.parse(log.verifier_key)
            self._search(log, EARLY)
            self.early = self._exported(database, folder / "early")
        shutil.copytree(self.folder, folder / "early-data")
        self.early_data = folder / "early-data"
        with Database.open(self.folder) as database:
            log = AuditLog(database, clock=clock)
            self._search(log, KEPT - EARLY)
            self.since = Checkpoint.parse(open_note(log.checkpoint(), [self.verifier]))
            self._search(log, NOW - KEPT)
            self.now = self._exported(database, folder / "now")
        assert self.since.size == KEPT
        self.signer = Signer.parse((self.folder / "log.key").read_text())

    def _search(self, log: AuditLog, count: int) -> None:
        with log.writing() as connection:
            for _ in range(count // 2):
                request = log.append(connection, EntryKind.REQUEST, bodies.request())
                log.append(connection, EntryKind.OUTCOME, bodies.outcome(request.index))
            if count % 2:
                log.append(connection, EntryKind.LOG_READ, bodies.log_read({"index": 0}))

    def _exported(self, database: Database, folder: Path) -> Files:
        ExportedLog(folder).extend(StoredPublication(database))
        files = (file for file in folder.rglob("*") if file.is_file())
        return {str(file.relative_to(folder)): file.read_bytes() for file in files}


class Held:
    """A Publication of files in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def checkpoint(self) -> str:
        return self.files.get("checkpoint", b"").decode(errors="replace")

    def read(self, tile: Tile) -> bytes:
        if tile.path not in self.files:
            raise TileUnknownError(tile.path)
        return self.files[tile.path]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, stub: Any) -> Target:
    return Target(tmp_path_factory.mktemp("target"), stub.MovableClock())


# --- an export -----------------------------------------------------------------------------------------------------


def flip(files: Files, choice: random.Random, target: Target) -> None:
    path = choice.choice(sorted(files))
    data = bytearray(files[path])
    data[choice.randrange(len(data))] ^= choice.randrange(1, 256)
    files[path] = bytes(data)


def cut(files: Files, choice: random.Random, target: Target) -> None:
    path = choice.choice(sorted(files))
    at, count = choice.randrange(len(files[path])), choice.randrange(1, 40)
    files[path] = files[path][:at] + files[path][at + count :]


def insert(files: Files, choice: random.Random, target: Target) -> None:
    path = choice.choice(sorted(files))
    at = choice.randrange(len(files[path]) + 1)
    files[path] = files[path][:at] + choice.randbytes(choice.randrange(1, 40)) + files[path][at:]


def truncate(files: Files, choice: random.Random, target: Target) -> None:
    path = choice.choice(sorted(files))
    files[path] = files[path][: choice.randrange(len(files[path]))]


def delete(files: Files, choice: random.Random, target: Target) -> None:
    del files[choice.choice(sorted(files))]


def exchange(files: Files, choice: random.Random, target: Target) -> None:
    one, other = choice.sample(sorted(files), 2)
    files[one], files[other] = files[other], files[one]


def reorder(files: Files, choice: random.Random, target: Target) -> None:
    tile = choice.choice([tile for tile in tiles(NOW) if tile.level is None])
    leaves = unpack_bundle(files[tile.path], tile.width)
    one, other = choice.sample(range(tile.width), 2)
    leaves[one], leaves[other] = leaves[other], leaves[one]
    files[tile.path] = pack_bundle(leaves)


def replay(files: Files, choice: random.Random, target: Target) -> None:
    """All of an early state, or its checkpoint alone."""
    if choice.random() < 0.5:
        files.clear()
    files |= target.early


def forge(files: Files, choice: random.Random, target: Target) -> None:
    """The log's owner changes an entry, hashes everything again and signs it: whole in itself, and another history."""
    leaves = [leaf for tile in tiles(NOW) if tile.level is None for leaf in unpack_bundle(files[tile.path], tile.width)]
    at = choice.randrange(KEPT)
    leaves[at] = leaves[at].replace(b'"version":2', b'"version":2 ', 1) if choice.random() < 0.2 else leaves[at - 1]
    hashes: list[list[bytes]] = [[], [], []]
    frontier = Frontier()
    for leaf in leaves:
        frontier, completed = frontier.grow(leaf_hash(leaf))
        for level, root in enumerate(completed[::HEIGHT]):
            hashes[level].append(root)
    for tile in tiles(NOW):
        part = slice(tile.begin, tile.end)
        packed = pack_bundle(leaves[part]) if tile.level is None else b"".join(hashes[tile.level][part])
        files[tile.path] = packed
    text = Checkpoint(origin=target.signer.name, size=NOW, root=frontier.root()).text
    files["checkpoint"] = sign_note(text, target.signer).encode()


EDITS: list[Callable[[Files, random.Random, Target], None]] = [
    flip, cut, insert, truncate, delete, exchange, reorder, replay, forge,
]  # fmt: skip


def test_every_edit_of_an_export_is_found(target: Target) -> None:
    assert audit(Held(target.now), target.verifier, since=target.since).verified
    for case in range(CASES):
        choice, files = random.Random(case), dict(target.now)
        edit = EDITS[case % len(EDITS)]
        edit(files, choice, target)
        if files != target.now:  # two entries or files may be alike
            found = audit(Held(files), target.verifier, since=target.since)
            assert not found.verified, f"case {case}: {edit.__name__} was not found"


# --- a data folder -------------------------------------------------------------------------------------------------


def _value(column: str, table: str, choice: random.Random, raw: sqlite3.Connection) -> tuple[int, bytes]:
    rows = raw.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
    rowid, value = choice.choice(rows)
    return rowid, value.encode() if isinstance(value, str) else bytes(value)


def spoil(raw: sqlite3.Connection, choice: random.Random, target: Target) -> None:
    """One byte of one value is another."""
    table, column = choice.choice(
        [
            ("audit_entry", "data"),
            ("audit_entry", "leaf_hash"),
            ("log_hash", "hash"),
            ("log_head", "frontier"),
            ("log_head", "checkpoint"),
        ]
    )
    rowid, value = _value(column, table, choice, raw)
    data = bytearray(value)
    data[choice.randrange(len(data))] ^= choice.randrange(1, 128)
    changed: Any = data.decode(errors="replace") if column == "checkpoint" else bytes(data)
    raw.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, rowid))


def misname(raw: sqlite3.Connection, choice: random.Random, target: Target) -> None:
    """What stands beside an entry, to find it by, says something else."""
    change = choice.choice(["time = '2020' || substr(time, 5)", "kind = 'camera'", "request_index = -1"])
    raw.execute(f'UPDATE audit_entry SET {change} WHERE "index" = ?', (choice.randrange(NOW),))


def drop(raw: sqlite3.Connection, choice: random.Random, target: Target) -> None:
    table = choice.choice(["audit_entry", "audit_entry", "log_hash", "log_head"])
    rowid, _ = _value("rowid || ''", table, choice, raw)
    raw.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))


def shorten(raw: sqlite3.Connection, choice: random.Random, target: Target) -> None:
    raw.execute('DELETE FROM audit_entry WHERE "index" >= ?', (choice.randrange(NOW),))


def lengthen(raw: sqlite3.Connection, choice: random.Random, target: Target) -> None:
    raw.execute(
        'INSERT INTO audit_entry SELECT "index" + ?, time, kind, request_index, data, leaf_hash FROM audit_entry '
        'WHERE "index" = 7',
        (NOW - 7,),
    )


def shuffle(raw: sqlite3.Connection, choice: random.Random, target: Target) -> None:
    one, other = choice.sample(range(NOW), 2)
    for old, new in ((one, -1), (other, one), (-1, other)):
        raw.execute('UPDATE audit_entry SET "index" = ? WHERE "index" = ?', (new, old))


def resize(raw: sqlite3.Connection, choice: random.Random, target: Target) -> None:
    raw.execute("UPDATE log_head SET size = ?", (choice.choice([0, KEPT, NOW - 1, NOW + 1]),))


def restore(raw: sqlite3.Connection, choice: random.Random, target: Target) -> None:
    """A copy of an early state is put in the database's place."""
    with sqlite3.connect(target.early_data / DATABASE_FILE) as early:
        early.backup(raw)
    early.close()


CHANGES: list[Callable[[sqlite3.Connection, random.Random, Target], None]] = [
    spoil, spoil, misname, drop, shorten, lengthen, shuffle, resize, restore,
]  # fmt: skip


@pytest.fixture
def folder(target: Target, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(target.folder, tmp_path / "copy")
    yield tmp_path / "copy"


def sound(folder: Path, target: Target) -> bool:
    """True if an auditor finds no problem; a log that cannot be read is not sound."""
    with Database.open_read_only(folder) as database:
        try:
            inside = verify_log(database, str(target.verifier))
            outside = audit(StoredPublication(database), target.verifier, since=target.since)
        except (LogError, StoreError):
            return False
    return inside.verified and outside.verified


def test_every_edit_of_a_data_folder_is_found(target: Target, folder: Path) -> None:
    assert sound(folder, target)
    pristine = (target.folder / DATABASE_FILE).read_bytes()
    for case in range(CASES):
        choice, change = random.Random(case), CHANGES[case % len(CHANGES)]
        (folder / DATABASE_FILE).write_bytes(pristine)
        with sqlite3.connect(folder / DATABASE_FILE) as raw:
            before = list(raw.iterdump())
            raw.execute("PRAGMA foreign_keys=OFF")
            change(raw, choice, target)
            raw.commit()
            changed = list(raw.iterdump()) != before
        raw.close()
        if changed:
            assert not sound(folder, target), f"case {case}: {change.__name__} was not found"


def test_the_tree_has_more_than_one_level() -> None:
    assert NOW > WIDTH
