"""Tables of an older version are copied before they are brought up to date; a withdrawal destroys the copy."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from matcher.audit.verification import verify_log
from matcher.clock import system_clock
from matcher.folder.errors import DataFolderError
from matcher.log.log import AuditLog
from matcher.people.errors import ErasurePendingError
from matcher.store.database import DATABASE_FILE, Database
from matcher.store.upgrade_copy import copies
from tests.matcher.log.kept_log import KeptLog


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A real data folder that the version before migration 0011 wrote."""
    return KeptLog().restore(tmp_path / "data")


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_a_folder_of_the_version_before_is_copied_and_brought_up_to_date(folder: Path) -> None:
    before = dump(folder / DATABASE_FILE)
    with Database.open(folder) as database:
        assert verify_log(database, AuditLog(database, clock=system_clock).verifier_key).verified
    [copy] = copies(folder / DATABASE_FILE)
    assert copy.name == f"{DATABASE_FILE}.at-0010"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert dump(copy) == before
    Database.open(folder).close()
    assert copies(folder / DATABASE_FILE) == [copy], "tables that are up to date are not copied again"


def test_one_can_go_back_to_the_copy(folder: Path, tmp_path: Path) -> None:
    before = dump(folder / DATABASE_FILE)
    Database.open(folder).close()
    [copy] = copies(folder / DATABASE_FILE)
    shutil.copy(copy, folder / DATABASE_FILE)
    assert dump(folder / DATABASE_FILE) == before
    Database.open(folder).close()
    assert [one.name for one in copies(folder / DATABASE_FILE)] == [copy.name]


def test_a_new_folder_has_no_copy(tmp_path: Path) -> None:
    Database.open(tmp_path / "data").close()
    assert copies(tmp_path / "data" / DATABASE_FILE) == []


def test_a_copy_that_cannot_be_written_leaves_the_tables_as_they_are(folder: Path) -> None:
    before = dump(folder / DATABASE_FILE)
    (folder / f"{DATABASE_FILE}.at-0010.unfinished").mkdir(mode=0o700)
    with pytest.raises(DataFolderError, match="could not be copied") as caught:
        Database.open(folder)
    assert "Make room" in caught.value.remedy
    assert dump(folder / DATABASE_FILE) == before


def test_a_withdrawal_overwrites_the_copy(world: Any) -> None:
    with world.open() as matcher:
        subject = world.enrol(matcher, 1).subject.id
        with matcher.database.reading() as connection:
            sealed = connection.exec_driver_sql("SELECT sealed_template FROM reference").scalar_one()
    database = world.folder / DATABASE_FILE
    copy, unfinished = (database.with_name(f"{database.name}.at-0010{end}") for end in ("", ".unfinished"))
    shutil.copy(database, copy)
    shutil.copy(database, unfinished)
    assert sealed in copy.read_bytes()
    with world.open() as matcher, copy.open("rb") as still_open:
        matcher.gallery.withdraw(subject, "user:1")
        assert copies(database) == []
        assert set(still_open.read()) == {0}, "what was in it has been overwritten, not only let go of"
    assert sealed not in world.every_byte()


def test_a_copy_that_cannot_be_overwritten_keeps_the_erasure_pending(world: Any) -> None:
    with world.open() as matcher:
        subject = world.enrol(matcher, 1).subject.id
        (world.folder / f"{DATABASE_FILE}.at-0010").mkdir(mode=0o700)
        with pytest.raises(ErasurePendingError, match="copy of the database cannot be overwritten"):
            matcher.gallery.withdraw(subject, "user:1")
        assert matcher.gallery.size == 0
        (world.folder / f"{DATABASE_FILE}.at-0010").rmdir()
        matcher.gallery.withdraw(subject, "user:1")


def test_what_was_declared_and_taken_back_is_gone_from_the_copy(world: Any) -> None:
    with world.open() as matcher:
        subject = world.enrol(matcher, 1).subject.id
        matcher.declarations.declare(subject, {"age": "60+"}, "user:1")
    database = world.folder / DATABASE_FILE
    for end in ("first", "second"):
        shutil.copy(database, database.with_name(f"{database.name}.at-{end}"))
    with world.open() as matcher:
        matcher.declarations.declare(subject, {"age": "40-59"}, "user:1")
        assert copies(database) == [], "another declaration takes the place of the one in the copies"
        shutil.copy(database, database.with_name(f"{database.name}.at-0010"))
        matcher.declarations.remove(subject, "user:1")
        assert copies(database) == []
