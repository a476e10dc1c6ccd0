"""The log under many writers at once: nothing lost, nothing half written, and it verifies."""

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from matcher.audit.verification import verify_log
from matcher.clock import system_clock
from matcher.log.entry import AuditEntry, EntryKind
from matcher.log.errors import ClockError, EntryInvalidError, LogUnavailableError
from matcher.log.log import AuditLog
from matcher.store.database import Database
from tests.empty_folder import empty_folder
from tests.matcher.log import bodies


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(empty_folder(tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database, clock=system_clock)


def verified(database: Database, log: AuditLog) -> int:
    report = verify_log(database, log.verifier_key)
    assert report.problems == ()
    return report.entries


@pytest.mark.parametrize("seed", range(3))
def test_many_at_once_with_failures_among_them(database: Database, log: AuditLog, seed: int) -> None:
    together = threading.Barrier(8)

    def write(number: int) -> list[AuditEntry]:
        chance, mine = random.Random(f"{seed} {number}"), []
        together.wait()
        for at in range(30):
            body = {"thread": number, "at": at}

            def two(connection: Connection, body: dict[str, int] = body) -> list[AuditEntry]:
                return [log.append(connection, EntryKind.LOG_READ, bodies.log_read(body | {"of": of})) for of in (1, 2)]

            match chance.randrange(4):
                case 0:
                    with pytest.raises(EntryInvalidError), log.writing() as connection:
                        two(connection)
                        log.append(connection, EntryKind.LOGIN, {"x": float("nan")})
                case 1:
                    with log.writing() as connection:
                        mine += two(connection)
                case 2:
                    with pytest.raises(KeyError), log.writing() as connection:
                        two(connection)
                        raise KeyError
                case _:
                    mine.append(log.record(EntryKind.LOG_READ, bodies.log_read(body)))
        return mine

    with ThreadPoolExecutor(8) as threads:
        entries = [entry for mine in threads.map(write, range(8)) for entry in mine]
    assert sorted(entry.index for entry in entries) == list(range(len(entries)))
    assert verified(database, log) == len(entries)
    assert {entry.index: entry.data for entry in entries} == {
        entry.index: entry.data for entry in log.entries(0, 10_000)
    }


def test_an_entry_outside_the_logs_own_transactions_is_refused(database: Database, log: AuditLog) -> None:
    with pytest.raises(ValueError, match="outside"), database.writing() as connection:
        log.append(connection, EntryKind.STOP, {})
    assert log.size() == 0


def test_an_entry_by_another_connection_than_the_transactions_is_refused(database: Database, log: AuditLog) -> None:
    with log.writing(), database.reading() as other, pytest.raises(ValueError, match="outside"):
        log.append(other, EntryKind.STOP, {})
    assert log.size() == 0


def test_what_is_written_beside_an_entry_sees_the_time_it_will_have(log: AuditLog) -> None:
    with log.writing() as connection:
        moment = log.moment(connection)
        assert log.append(connection, EntryKind.STOP, {}).time >= moment


def test_a_clock_set_back_refuses_each_and_leaves_nothing(database: Database) -> None:
    late = AuditLog(database, clock=lambda: system_clock() + timedelta(hours=1))
    late.record(EntryKind.STOP, {})
    now = AuditLog(database, clock=system_clock)
    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(now.record, EntryKind.STOP, {}) for _ in range(8)]
    assert all(isinstance(future.exception(), ClockError) for future in futures)
    assert verified(database, late) == 1


def test_a_full_disk_acknowledges_none(database: Database, log: AuditLog) -> None:
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 8}")

    def write(number: int) -> list[int]:
        mine: list[int] = []
        try:
            while True:
                mine.append(
                    log.record(EntryKind.LOG_READ, bodies.log_read({"fill": "x" * 300, "thread": number})).index
                )
        except LogUnavailableError:
            return mine

    with ThreadPoolExecutor(8) as threads:
        acknowledged = [index for mine in threads.map(write, range(8)) for index in mine]
    assert sorted(acknowledged) == list(range(log.size()))
    assert log.unwritable
    assert verified(database, log) == len(acknowledged)
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert log.record(EntryKind.STOP, {}).index == len(acknowledged)
    assert not log.unwritable


WRITER = """
import os, sys, threading
from pathlib import Path
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.clock import system_clock
from matcher.store.database import Database
log = AuditLog(Database.open(Path(sys.argv[1])), clock=system_clock)
def write():
    while True:
        entry = log.record(EntryKind.STOP, {})
        os.write(1, f"{entry.index}\\n".encode())
for _ in range(8):
    threading.Thread(target=write).start()
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 40, 200])
def test_what_was_acknowledged_before_a_kill_is_there(tmp_path: Path, after: int) -> None:
    child = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "data"], stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(after)]
        child.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in child.stdout.read().split()]
    with Database.open(tmp_path / "data") as database:
        log = AuditLog(database, clock=system_clock)
        size = verified(database, log)
        assert len(set(acknowledged)) == len(acknowledged)
        assert set(acknowledged) <= set(range(size))
        assert log.record(EntryKind.STOP, {}).index == size
