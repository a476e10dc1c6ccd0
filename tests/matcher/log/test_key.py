"""A log changes its key: both sign for a while, each step is an entry, and a change that was cut off is ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.audit.auditor import audit
from matcher.audit.receipt import Receipt
from matcher.audit.verification import verify_log
from matcher.clock import system_clock
from matcher.log.actor import Actor
from matcher.log.entry import EntryKind
from matcher.log.errors import LogKeyError
from matcher.log.key import LOG_KEY_FILE, read_log_keys, replace_log_keys
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.store.database import Database
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import NoteError
from matcher.tlog.export import ExportedLog
from matcher.tlog.note import Signer, Verifier, open_note
from tests.empty_folder import empty_folder

ACTOR = Actor("cli:ada", via="cli")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(empty_folder(tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def log(database: Database) -> AuditLog:
    log = AuditLog(database, clock=system_clock)
    log.record(EntryKind.STOP, {})
    return log


def signed_by(log: AuditLog, key: str) -> bool:
    try:
        open_note(log.checkpoint(), [Verifier.parse(key)])
    except NoteError:
        return False
    return True


def changes(log: AuditLog) -> list[tuple[str, str]]:
    return [(entry.body["action"], entry.body["key"]) for entry in log.entries(kinds=[EntryKind.KEY])]


def test_both_sign_until_the_older_one_is_retired(database: Database, log: AuditLog) -> None:
    old = log.verifier_key
    new = log.introduce_key(actor=ACTOR)
    assert new == log.verifier_key != old and new.partition("+")[0] == old.partition("+")[0]
    assert signed_by(log, old) and signed_by(log, new)
    with pytest.raises(LogKeyError, match="already"):
        log.introduce_key(actor=ACTOR)
    again = AuditLog(database, clock=system_clock)
    again.record(EntryKind.STOP, {})
    assert signed_by(again, old) and signed_by(again, new)
    for key in (old, new):
        assert audit(StoredPublication(database), Verifier.parse(key)).verified
    assert again.retire_key(actor=ACTOR) == old
    assert signed_by(again, old), "the entry that tells of it is signed by both"
    again.record(EntryKind.STOP, {})
    assert signed_by(again, new) and not signed_by(again, old)
    assert changes(again) == [("added", new), ("retired", old)]
    acted = [(entry.body["actor"], entry.body["via"]) for entry in again.entries(kinds=[EntryKind.KEY])]
    assert acted == [("cli:ada", "cli")] * 2
    with pytest.raises(LogKeyError, match="one key only"):
        again.retire_key(actor=ACTOR)
    assert verify_log(database, new).verified
    assert (database.folder / LOG_KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_change_that_was_cut_off_is_ended_at_the_next_start(database: Database, log: AuditLog) -> None:
    old, added = read_log_keys(database.folder)[0], Signer.generate(log.verifier_key.partition("+")[0])
    replace_log_keys(database.folder, [old, added])  # and then killed
    again = AuditLog(database, clock=system_clock)
    again.settle_keys()
    assert changes(again) == [("added", str(added.verifier))]
    again.settle_keys()
    assert len(changes(again)) == 1
    again._tell_of_key("retired", old, ACTOR)  # and then killed
    again = AuditLog(database, clock=system_clock)
    again.settle_keys()
    assert read_log_keys(database.folder) == (added,)
    again.record(EntryKind.STOP, {})
    assert not signed_by(again, str(old.verifier))
    assert verify_log(database, again.verifier_key).verified


def test_an_export_a_receipt_and_a_kept_checkpoint_outlive_a_change_of_keys(
    database: Database, log: AuditLog, tmp_path: Path
) -> None:
    old, kept, export = Verifier.parse(log.verifier_key), log.checkpoint(), ExportedLog(tmp_path / "export")
    export.extend(StoredPublication(database))
    new = Verifier.parse(log.introduce_key(actor=ACTOR))
    log.retire_key(actor=ACTOR)
    log.record(EntryKind.STOP, {})
    export.extend(StoredPublication(database))
    since = Checkpoint.parse(open_note(kept, [new, old]))
    assert audit(export, new, old, since=since).verified
    assert not audit(export, old).verified
    assert Receipt.issue(StoredPublication(database), 0).verified(new)[0].kind is EntryKind.STOP


def test_a_head_that_only_the_older_key_has_signed_is_sound(database: Database, log: AuditLog) -> None:
    old = read_log_keys(database.folder)[0]
    replace_log_keys(database.folder, [old, Signer.generate(old.name)])  # and then killed
    again = AuditLog(database, clock=system_clock)
    assert verify_log(database, *again.verifier_keys).verified
