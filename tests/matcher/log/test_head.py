import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.log.entry import EntryKind
from matcher.log.errors import LogHeadError, LogKeyError
from matcher.log.head import check_head
from matcher.log.log import AuditLog
from matcher.store.database import DATABASE_FILE, Database
from matcher.tlog.errors import LogError, NoteError
from matcher.tlog.note import Signer
from tests.empty_folder import empty_folder
from tests.matcher.log import bodies

ENTRIES = 300
"""More than one bundle, so that the root leads over a tile that is kept."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(empty_folder(tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def log(database: Database, stub: Any) -> AuditLog:
    log = AuditLog(database, clock=stub.MovableClock())
    with log.writing() as connection:
        for _ in range(ENTRIES):
            log.append(connection, EntryKind.START, bodies.START)
    return log


def change(database: Database, statement: str) -> None:
    with sqlite3.connect(database.folder / DATABASE_FILE) as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


def test_a_sound_head_at_every_size(database: Database, stub: Any) -> None:
    log = AuditLog(database, clock=stub.MovableClock())
    for size in range(1, 6):
        log.record(EntryKind.START, bodies.START)
        assert check_head(database, log.verifier_key) == size
    with log.writing() as connection:
        for _ in range(256 - 5):
            log.append(connection, EntryKind.START, bodies.START)
    assert check_head(database, log.verifier_key) == 256


def test_the_head_is_read_beside_a_writer(log: AuditLog, database: Database) -> None:
    with Database.open_read_only(database.folder) as reader:
        assert check_head(reader, log.verifier_key) == ENTRIES
        log.record(EntryKind.START, bodies.START)
        assert check_head(reader, log.verifier_key) == ENTRIES + 1


def test_an_empty_folder_and_another_key(log: AuditLog, database: Database, tmp_path: Path) -> None:
    with pytest.raises(NoteError):
        check_head(database, str(Signer.generate("x").verifier))
    with Database.open(empty_folder(tmp_path / "other")) as other, pytest.raises(LogKeyError):
        check_head(other, log.verifier_key)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET data = CAST(replace(data, 'start', 'START') AS BLOB) WHERE \"index\" = 299",
        "UPDATE audit_entry SET data = CAST(data AS BLOB) || x'20' WHERE \"index\" = 260",
        'UPDATE audit_entry SET leaf_hash = zeroblob(32) WHERE "index" = 280',
        "UPDATE log_hash SET hash = zeroblob(32)",
        "UPDATE log_head SET frontier = zeroblob(length(frontier))",
        "UPDATE log_head SET frontier = x'00'",
        "UPDATE log_head SET size = 299",
    ],
)
def test_a_change_of_head_or_newest_entries_is_found(log: AuditLog, database: Database, statement: str) -> None:
    change(database, statement)
    with pytest.raises(LogHeadError, match="changed or damaged"):
        check_head(database, log.verifier_key)


@pytest.mark.parametrize("statement", ['DELETE FROM audit_entry WHERE "index" = 299', "DELETE FROM log_hash"])
def test_what_is_gone_is_found(log: AuditLog, database: Database, statement: str) -> None:
    change(database, statement)
    with pytest.raises(LogError):
        check_head(database, log.verifier_key)
