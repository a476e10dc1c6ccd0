import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError

from matcher.folder.errors import DataFolderError, DataFolderInUseError
from matcher.store import tables
from matcher.store.database import DATABASE_FILE, Database
from matcher.store.errors import (
    SchemaTooNewError,
    StoreBrokenError,
    StoreBusyError,
    StoreClosedError,
    StoreFailedError,
    StoreFullError,
)
from matcher.store.revision import MIGRATIONS, known_revisions
from matcher.timestamp import format_time, parse_time


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "data", busy_seconds=0.2) as opened:
        with opened.writing() as connection:
            connection.execute(insert(tables.gallery).values(id="g", revision=1))
        yield opened


def revision(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(tables.gallery.c.revision)).scalar_one())


def set_revision(database: Database, value: int) -> None:
    with database.writing() as connection:
        connection.execute(update(tables.gallery).values(revision=value))


def fill(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(tables.key_check).values(id=1, sealed=b"x" * 3_000_000))


def test_folder_and_files_are_the_owners_only(database: Database) -> None:
    assert database.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in database.folder.iterdir()} == {0o600}


def test_what_was_written_is_there_after_opening_again(database: Database) -> None:
    set_revision(database, 7)
    database.close()
    with Database.open(database.folder) as again:
        assert revision(again) == 7


def test_a_block_that_raises_writes_nothing(database: Database) -> None:
    with pytest.raises(KeyError), database.writing() as connection:
        connection.execute(update(tables.gallery).values(revision=2))
        raise KeyError
    assert revision(database) == 1


def test_second_opening_in_this_process_is_refused(database: Database) -> None:
    with pytest.raises(DataFolderInUseError) as caught:
        Database.open(database.folder)
    assert caught.value.code == "data_folder_in_use"


def test_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib; from matcher.store.database import Database\n"
        "database = Database.open(pathlib.Path(sys.argv[1])); print('open', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", script, tmp_path / "data"], stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        with pytest.raises(DataFolderInUseError):
            Database.open(tmp_path / "data")
        child.send_signal(signal.SIGKILL)
    Database.open(tmp_path / "data").close()


def test_reading_beside_the_service(database: Database) -> None:
    with Database.open_read_only(database.folder) as reader:
        set_revision(database, 5)
        assert revision(reader) == 5
        with pytest.raises(StoreFailedError), reader.writing():
            pass
        assert database.truncate_wal()
        assert revision(reader) == 5


def test_reading_where_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError):
        Database.open_read_only(tmp_path)


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(DataFolderError):
        Database.open(tmp_path / "data")


def test_locked_by_another_program(database: Database) -> None:
    other = sqlite3.connect(database.folder / DATABASE_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError) as caught:
        set_revision(database, 2)
    assert caught.value.code == "store_busy"
    other.execute("ROLLBACK")
    other.close()
    set_revision(database, 3)
    assert revision(database) == 3


def test_disk_full_is_told_and_nothing_is_half_written(database: Database) -> None:
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 4}")
    with pytest.raises(StoreFullError), database.writing() as connection:
        connection.execute(update(tables.gallery).values(revision=2))
        connection.execute(insert(tables.key_check).values(id=1, sealed=b"x" * 3_000_000))
    assert revision(database) == 1
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    fill(database)


def test_an_io_error_stops_all_writing_for_good(database: Database) -> None:
    # A real one: the kernel refuses the write (EFBIG), which SQLite calls SQLITE_IOERR_WRITE.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(StoreFailedError):
            fill(database)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(StoreFailedError):
        set_revision(database, 2)
    assert database.failure is not None
    assert revision(database) == 1
    database.close()
    with Database.open(database.folder) as again:
        set_revision(again, 2)


def test_a_reader_that_cannot_be_opened_stops_no_writing(database: Database) -> None:
    # A real one: the process may have no file more (EMFILE), which SQLite calls SQLITE_CANTOPEN.
    database._readers.dispose()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(DataFolderError) as caught:
            revision(database)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "ulimit" in caught.value.remedy
    assert database.failure is None
    set_revision(database, 2)
    assert revision(database) == 2


def test_nothing_is_read_or_written_after_closing(database: Database) -> None:
    database.close()
    for call in (lambda: set_revision(database, 2), lambda: revision(database), database.truncate_wal):
        with pytest.raises(StoreClosedError):
            call()
    with Database.open(database.folder) as again:
        assert revision(again) == 1


def test_closing_waits_for_the_writing_under_way(database: Database) -> None:
    began, ended = threading.Event(), threading.Event()

    def write() -> None:
        with database.writing() as connection:
            connection.execute(update(tables.gallery).values(revision=8))
            began.set()
            time.sleep(0.05)
            ended.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert began.wait(5)
    database.close()
    assert ended.is_set()
    thread.join()
    with Database.open(database.folder) as again:
        assert revision(again) == 8


def test_a_writer_that_waited_too_long_is_refused_and_writes_nothing_later(tmp_path: Path) -> None:
    with Database.open(tmp_path / "data", busy_seconds=0.05) as database:
        with database.writing() as connection:
            connection.execute(insert(tables.gallery).values(id="g", revision=7))
            with pytest.raises(StoreBusyError), database.writing():
                raise AssertionError("two write at once")
        assert revision(database) == 7


def test_a_folder_that_is_still_written_to_is_not_given_away(database: Database) -> None:
    with database.writing():
        database.close()
        with pytest.raises(DataFolderInUseError):
            Database.open(database.folder)
    database.close()
    Database.open(database.folder).close()


def test_bound_values_stand_in_no_error(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught, database.writing() as connection:
        connection.execute(insert(tables.key_check).values(id=2, sealed=b"canary"))
    assert "canary" not in str(caught.value)


def test_writers_go_on_while_the_write_ahead_log_waits_for_a_reader(tmp_path: Path) -> None:
    with Database.open(tmp_path / "data", busy_seconds=1.0) as database:
        with database.writing() as connection:
            connection.execute(insert(tables.gallery).values(id="g", revision=1))
        emptied: list[bool] = []
        with Database.open_read_only(database.folder) as reader, reader.reading() as connection:
            connection.execute(select(tables.gallery)).all()
            thread = threading.Thread(target=lambda: emptied.append(database.truncate_wal()))
            thread.start()
            written = 0
            while thread.is_alive():
                written += 1
                set_revision(database, written)
            thread.join()
        assert emptied == [False]
        assert written > 5
        assert database.truncate_wal()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"not a database, and long enough to be looked at" * 100)
    (tmp_path / DATABASE_FILE).chmod(0o600)
    with pytest.raises(StoreBrokenError):
        Database.open(tmp_path)


def test_newer_tables_are_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(SchemaTooNewError):
        Database.open(database.folder)
    with pytest.raises(SchemaTooNewError):
        Database.open_read_only(database.folder)


def test_older_tables_are_not_read_before_they_are_brought_up_to_date(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(DataFolderError, match="older Clearglass"):
        Database.open_read_only(database.folder)


def test_the_newest_migration_is_told_without_alembic() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert known_revisions() == tuple(reversed([script.revision for script in scripts.walk_revisions()]))


def test_migrations_lead_to_the_tables(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_migrations_lead_to_the_checks_of_the_tables(database: Database) -> None:
    """Alembic compares everything but these."""
    wanted = {
        table.name: sorted(str(one.sqltext) for one in table.constraints if isinstance(one, CheckConstraint))
        for table in tables.metadata.sorted_tables
    }
    assert sum(len(checks) for checks in wanted.values()) == 3
    with database.reading() as connection:
        inspector = inspect(connection)
        there = {name: sorted(one["sqltext"] for one in inspector.get_check_constraints(name)) for name in wanted}
    assert there == wanted


def test_settings_that_durability_and_erasure_rest_on(database: Database) -> None:
    with database.writing() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    assert values == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1900, 1, 2), datetime(9000, 1, 1), timezones=zones)


@given(moments, moments)
def test_times_come_back_and_their_text_sorts_as_they_do(a: datetime, b: datetime) -> None:
    assert parse_time(format_time(a)) == a
    assert parse_time(format_time(a)).tzinfo is UTC
    assert (format_time(a) < format_time(b)) == (a < b)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_time(datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="no moment"):
        parse_time("2026-01-01T00:00:00")
