import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.audit.report import LogReport
from matcher.audit.verification import verify_log
from matcher.log.entry import EntryKind, encode
from matcher.log.errors import LogKeyError
from matcher.log.log import AuditLog
from matcher.store.database import DATABASE_FILE, Database
from matcher.timestamp import format_time
from matcher.tlog.errors import NoteError
from matcher.tlog.merkle import leaf_hash
from matcher.tlog.note import Signer
from tests.empty_folder import empty_folder
from tests.matcher.log import bodies


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(empty_folder(tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def clock(stub: Any) -> Any:
    return stub.MovableClock()


@pytest.fixture
def log(database: Database, clock: Any) -> AuditLog:
    log = AuditLog(database, clock=clock)
    log.record(EntryKind.START, bodies.START)
    for at in range(5):
        clock.move(seconds=1)
        request = log.record(EntryKind.REQUEST, bodies.request(at))
        log.record(EntryKind.OUTCOME, bodies.outcome(request.index))
    return log


def codes(report: LogReport) -> set[str]:
    return {problem.code for problem in report.problems}


def test_an_untouched_log_is_verified(log: AuditLog, database: Database) -> None:
    steps: list[tuple[int, int]] = []
    report = verify_log(database, log.verifier_key, progress=lambda done, of: steps.append((done, of)))
    assert report.verified
    assert report.entries == 11
    assert report.checkpoint == log.checkpoint()
    assert steps[-1] == (11, 11)


def test_beside_a_service_through_a_read_only_opening(log: AuditLog, database: Database) -> None:
    log.record(EntryKind.REQUEST, bodies.request())
    with Database.open_read_only(database.folder) as reader:
        report = verify_log(reader, log.verifier_key)
    assert report.verified
    assert report.open_requests == 1


def test_an_empty_folder_has_no_log(database: Database) -> None:
    with pytest.raises(LogKeyError):
        verify_log(database, str(Signer.generate("x").verifier))
    with pytest.raises(NoteError):
        verify_log(database, "rubbish")


def _forge(connection: sqlite3.Connection) -> None:
    """The change an insider would try: the leaf and its stored hash, both."""
    (data,) = connection.execute('SELECT data FROM audit_entry WHERE "index" = 3').fetchone()
    data = data.replace(b'"case 1"', b'"case 7"')
    connection.execute('UPDATE audit_entry SET data = ?, leaf_hash = ? WHERE "index" = 3', (data, leaf_hash(data)))


def _sql(statement: str) -> Callable[[sqlite3.Connection], None]:
    def change(connection: sqlite3.Connection) -> None:
        assert connection.execute(statement).rowcount > 0

    return change


TAMPERINGS: list[tuple[Callable[[sqlite3.Connection], None], str]] = [
    (_forge, "root_differs"),
    (_sql("UPDATE audit_entry SET data = replace(data, 'start', 'START') WHERE \"index\" = 0"), "leaf_differs"),
    (_sql("UPDATE audit_entry SET data = CAST(data AS BLOB) || x'20' WHERE \"index\" = 4"), "entry_not_canonical"),
    (_sql("UPDATE audit_entry SET data = x'00' WHERE \"index\" = 4"), "entry_malformed"),
    (_sql('UPDATE audit_entry SET leaf_hash = zeroblob(32) WHERE "index" = 4'), "leaf_differs"),
    (_sql("UPDATE audit_entry SET time = 'long ago' WHERE \"index\" = 4"), "columns_differ"),
    (_sql("UPDATE audit_entry SET kind = 'login' WHERE \"index\" = 4"), "columns_differ"),
    (_sql('UPDATE audit_entry SET request_index = 1 WHERE "index" = 4'), "columns_differ"),
    (_sql('DELETE FROM audit_entry WHERE "index" = 4'), "entry_missing"),
    (_sql('DELETE FROM audit_entry WHERE "index" = 10'), "size_differs"),
    (_sql('UPDATE audit_entry SET "index" = 99 WHERE "index" = 10'), "entry_beyond"),
    (_sql("UPDATE log_head SET frontier = zeroblob(96)"), "frontier_differs"),
    (_sql("UPDATE log_head SET size = 9"), "size_differs"),
    (_sql("UPDATE log_head SET checkpoint = replace(checkpoint, '11', '10')"), "checkpoint_invalid"),
    (_sql("UPDATE log_head SET checkpoint = ''"), "checkpoint_invalid"),
]


@pytest.mark.parametrize(("change", "code"), TAMPERINGS)
def test_tampering_is_found(
    log: AuditLog, database: Database, change: Callable[[sqlite3.Connection], None], code: str
) -> None:
    connection = sqlite3.connect(database.folder / DATABASE_FILE)
    with connection:
        change(connection)
    connection.close()
    report = verify_log(database, log.verifier_key)
    assert code in codes(report)
    assert not report.verified


@pytest.mark.parametrize("statement", ["UPDATE log_hash SET hash = zeroblob(32)", "DELETE FROM log_hash"])
def test_tampering_with_what_is_kept_of_the_tree_is_found(log: AuditLog, database: Database, statement: str) -> None:
    with log.writing() as connection:
        for at in range(256):
            log.append(connection, EntryKind.LOG_READ, bodies.log_read({"index": at}))
    assert verify_log(database, log.verifier_key).verified
    connection = sqlite3.connect(database.folder / DATABASE_FILE)
    with connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()
    assert codes(verify_log(database, log.verifier_key)) == {"hash_differs"}


def test_another_key_does_not_verify(log: AuditLog, database: Database) -> None:
    assert codes(verify_log(database, str(Signer.generate("x").verifier))) == {"checkpoint_invalid"}


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([(EntryKind.REQUEST, bodies.request()), (EntryKind.START, bodies.START)], "outcome_missing"),
        ([(EntryKind.OUTCOME, bodies.outcome(1))], "request_missing"),
        ([(EntryKind.OUTCOME, bodies.outcome(0))], "request_missing"),
        ([(EntryKind.REVIEW, bodies.review("a", "u", "awaiting_second"))] * 2, "reviewer_twice"),
        ([(EntryKind.REVIEW, bodies.review("a", "u", "confirmed"))], "reviewed_alone"),
        ([(EntryKind.STOP, {"why": "tired"})], "entry_invalid"),
        ([(EntryKind.REQUEST, bodies.request() | {"purpose": ""})], "entry_invalid"),
    ],
)
def test_a_false_sequence_of_entries_is_found(
    log: AuditLog, database: Database, entries: list[tuple[EntryKind, dict[str, Any]]], code: str
) -> None:
    for kind, body in entries:
        log.record(kind, body)
    assert codes(verify_log(database, log.verifier_key)) == {code}


def test_a_failure_ends_a_request(log: AuditLog, database: Database) -> None:
    request = log.record(EntryKind.REQUEST, bodies.request())
    log.record(EntryKind.FAILURE, {"request": request.index, "code": "x"})
    log.record(EntryKind.FAILURE, {"code": "refused before any request"})
    report = verify_log(database, log.verifier_key)
    assert report.verified
    assert report.open_requests == 0


def test_an_entry_earlier_than_the_one_before_it_is_found(log: AuditLog, database: Database, clock: Any) -> None:
    """As a log would be that was written without this one's guard: only its own signature is right."""
    clock.move(hours=-1)
    log._moment = lambda last: clock()  # type: ignore[method-assign]
    log.record(EntryKind.LOGIN, bodies.LOGIN)
    assert codes(verify_log(database, log.verifier_key)) == {"clock_order"}


def test_leaves_are_made_in_one_place_only(clock: Any) -> None:
    assert encode(format_time(clock()), EntryKind.STOP, {}).startswith(b'{"body":{},"kind":"stop"')
