import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.audit.verification import verify_log
from matcher.log.entry import MAX_ENTRY_BYTES, EntryKind
from matcher.log.errors import (
    ClockError,
    EntryInvalidError,
    EntryUnknownError,
    LogKeyError,
    LogTruncatedError,
    LogUnavailableError,
)
from matcher.log.interrupted import close_interrupted
from matcher.log.key import LOG_KEY_FILE
from matcher.log.log import AuditLog
from matcher.store.database import Database
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.merkle import EMPTY_ROOT, Frontier, leaf_hash
from matcher.tlog.note import Verifier, open_note
from tests.empty_folder import empty_folder


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(empty_folder(tmp_path / "data"), busy_seconds=0.2) as opened:
        yield opened


@pytest.fixture
def clock(stub: Any) -> Any:
    return stub.MovableClock()


@pytest.fixture
def log(database: Database, clock: Any) -> AuditLog:
    return AuditLog(database, clock=clock)


def signed(log: AuditLog) -> Checkpoint:
    return Checkpoint.parse(open_note(log.checkpoint(), [Verifier.parse(log.verifier_key)]))


def test_a_new_log_is_empty_and_signed(log: AuditLog) -> None:
    assert log.size() == 0
    assert signed(log).root == EMPTY_ROOT
    assert signed(log).origin == log.verifier_key.split("+")[0]


def test_each_entry_is_under_the_signed_root(log: AuditLog) -> None:
    frontier = Frontier()
    for at in range(20):
        entry = log.record(EntryKind.LOGIN, {"number": at})
        frontier = frontier.append(leaf_hash(entry.data))
        assert entry.index == at
        assert (signed(log).size, signed(log).root) == (frontier.size, frontier.root())


def test_a_leaf_is_canonical_json(log: AuditLog) -> None:
    entry = log.record(EntryKind.START, {"b": 1.0, "a": "é"})
    salt = json.loads(entry.data)["salt"]
    assert entry.data.decode() == (
        f'{{"body":{{"a":"é","b":1}},"kind":"start","salt":"{salt}","time":"2026-03-01T12:00:00.000000Z","version":2}}'
    )
    assert len(bytes.fromhex(salt)) == 16
    again = log.entry(0)
    assert (again.index, again.time, again.kind, again.data) == (0, entry.time, EntryKind.START, entry.data)
    assert again.body == json.loads(entry.data)["body"]


def test_two_entries_that_say_the_same_at_the_same_time_have_different_leaves(log: AuditLog) -> None:
    one, other = (log.record(EntryKind.STOP, {}) for _ in range(2))
    assert (one.time, one.kind, one.body) == (other.time, other.kind, other.body)
    assert one.data != other.data, "or a hash would show what it is the hash of"


def test_entries_and_callers_rows_are_kept_both_or_neither(log: AuditLog) -> None:
    log.record(EntryKind.LOGIN, {})
    with pytest.raises(KeyError), log.writing() as connection:
        log.append(connection, EntryKind.LOGIN, {})
        raise KeyError
    assert log.size() == 1
    assert signed(log).size == 1


def test_paging(log: AuditLog) -> None:
    for at in range(10):
        log.record(EntryKind.LOGIN if at % 2 else EntryKind.CAMERA, {})
    assert [entry.index for entry in log.entries(3, 4)] == [3, 4, 5, 6]
    assert [entry.index for entry in log.entries(2, 3, newest_first=True)] == [7, 6, 5]
    assert [entry.index for entry in log.entries(kinds=[EntryKind.LOGIN])] == [1, 3, 5, 7, 9]
    assert [entry.index for entry in log.entries(0, 2, kinds=[EntryKind.LOGIN], newest_first=True)] == [9, 7]
    assert log.entries(10**30, 10) == []
    assert log.entries(-5, -1) == []
    assert log.entries(kinds=[]) == []


@pytest.mark.parametrize("index", [-1, 1, 2**63, 10**40])
def test_an_entry_that_is_not_there(log: AuditLog, index: int) -> None:
    log.record(EntryKind.LOGIN, {})
    with pytest.raises(EntryUnknownError):
        log.entry(index)


def test_a_clock_that_steps_back_a_little_is_held(log: AuditLog, clock: Any) -> None:
    first = log.record(EntryKind.LOGIN, {})
    clock.move(seconds=-2)
    assert log.record(EntryKind.LOGIN, {}).time == first.time
    clock.move(seconds=3)
    assert log.record(EntryKind.LOGIN, {}).time > first.time


def test_a_clock_set_back_stops_the_log_until_it_is_right(log: AuditLog, clock: Any) -> None:
    log.record(EntryKind.LOGIN, {})
    clock.move(seconds=-2.001)
    with pytest.raises(ClockError) as caught:
        log.record(EntryKind.LOGIN, {})
    assert caught.value.code == "clock_set_back"
    assert log.size() == 1
    clock.move(seconds=3)
    assert log.record(EntryKind.LOGIN, {}).index == 1


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": 2**60}, {"x": "a" * MAX_ENTRY_BYTES}, {"x": object()}])
def test_what_cannot_be_an_entry(log: AuditLog, body: dict[str, Any]) -> None:
    with pytest.raises(EntryInvalidError):
        log.record(EntryKind.LOGIN, body)
    assert log.size() == 0


def test_a_store_that_fails_is_an_unavailable_log(log: AuditLog, database: Database) -> None:
    with database.writing(), pytest.raises(LogUnavailableError) as caught:
        log.record(EntryKind.LOGIN, {})
    assert caught.value.code == "log_unavailable"


def test_the_log_goes_on_after_opening_again(log: AuditLog, database: Database, clock: Any) -> None:
    log.record(EntryKind.LOGIN, {})
    again = AuditLog(database, clock=clock)
    assert again.verifier_key == log.verifier_key
    assert again.record(EntryKind.LOGIN, {}).index == 1
    assert (database.folder / LOG_KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_lost_or_other_key_is_never_replaced(log: AuditLog, database: Database, clock: Any, tmp_path: Path) -> None:
    path = database.folder / LOG_KEY_FILE
    path.rename(tmp_path / "kept")
    with pytest.raises(LogKeyError, match="gone"):
        AuditLog(database, clock=clock)
    assert not path.exists()
    with Database.open(empty_folder(tmp_path / "other")) as other:
        AuditLog(other, clock=clock)
        path.write_bytes((other.folder / LOG_KEY_FILE).read_bytes())
    with pytest.raises(LogKeyError, match="not the key"):
        AuditLog(database, clock=clock)
    path.write_text("rubbish")
    with pytest.raises(LogKeyError, match="cannot be read"):
        AuditLog(database, clock=clock)


WIPE = ["DELETE FROM audit_entry", "DELETE FROM log_head"]


def test_a_wiped_log_does_not_begin_again(log: AuditLog, database: Database, clock: Any) -> None:
    log.record(EntryKind.LOGIN, {})
    with database.writing() as connection:
        for statement in WIPE:
            connection.exec_driver_sql(statement)
    with pytest.raises(LogTruncatedError, match=r"log\.key"):
        AuditLog(database, clock=clock)
    with pytest.raises(LogTruncatedError):
        verify_log(database, log.verifier_key)
    (database.folder / LOG_KEY_FILE).unlink()
    with database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO gallery VALUES ('g', 1)")
    with pytest.raises(LogTruncatedError, match="gallery"):
        AuditLog(database, clock=clock)


@pytest.mark.parametrize("step", ["matcher.log.log.AuditLog.writing", "matcher.log.log.adopt_draft"])
def test_a_first_start_that_was_cut_off_is_taken_up_again(
    database: Database, clock: Any, monkeypatch: Any, step: str
) -> None:
    """Cut off before the head is durable, and before the key has its name."""

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(step, cut_off)
    with pytest.raises(KeyboardInterrupt):
        AuditLog(database, clock=clock)
    monkeypatch.undo()
    assert not (database.folder / LOG_KEY_FILE).exists()
    log = AuditLog(database, clock=clock)
    assert log.record(EntryKind.LOGIN, {}).index == 0
    assert AuditLog(database, clock=clock).verifier_key == log.verifier_key


def test_requests_that_a_crash_left_open_are_closed_by_the_next_start(log: AuditLog) -> None:
    log.record(EntryKind.START, {})
    for _ in range(3):
        log.record(EntryKind.REQUEST, {})
    log.record(EntryKind.OUTCOME, {"request": 2})
    assert close_interrupted(log) == 2
    assert [entry.body["request"] for entry in log.entries(kinds=[EntryKind.FAILURE])] == [1, 3]
    assert close_interrupted(log) == 0
