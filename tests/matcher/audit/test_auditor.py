"""An auditor with an export, the public key and one old checkpoint finds every change."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from matcher.audit.auditor import audit
from matcher.audit.report import LogReport, Severity
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.store.database import Database
from matcher.tlog.bundle import pack_bundle, unpack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import ExportError
from matcher.tlog.export import ExportedLog
from matcher.tlog.note import Signer, Verifier, open_note, sign_note
from tests.empty_folder import empty_folder
from tests.matcher.log import bodies

SEARCHES = 300


class Audited:
    """A log with its export, and a checkpoint that an auditor kept from half-way."""

    def __init__(self, folder: Path, clock: Any) -> None:
        self.database = Database.open(empty_folder(folder / "data"))
        self.log = AuditLog(self.database, clock=clock)
        self.log.record(EntryKind.START, bodies.START)
        self.search(SEARCHES // 2)
        self.old = self.log.checkpoint()
        self.search(SEARCHES // 2)
        self.export = ExportedLog(folder / "export")
        self.export.extend(StoredPublication(self.database))

    @property
    def verifier(self) -> Verifier:
        return Verifier.parse(self.log.verifier_key)

    @property
    def since(self) -> Checkpoint:
        return Checkpoint.parse(open_note(self.old, [self.verifier]))

    def search(self, count: int) -> None:
        with self.log.writing() as connection:
            for at in range(count):
                request = self.log.append(connection, EntryKind.REQUEST, bodies.request(at))
                self.log.append(connection, EntryKind.OUTCOME, bodies.outcome(request.index))

    def found(self, export: ExportedLog | None = None) -> set[str]:
        report = audit(export or self.export, self.verifier, since=self.since)
        return {problem.code for problem in report.problems}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory, stub: Any) -> Iterator[Audited]:
    audited = Audited(tmp_path_factory.mktemp("audited"), stub.MovableClock())
    yield audited
    audited.database.close()


@pytest.fixture
def copy(audited: Audited, tmp_path: Path) -> ExportedLog:
    shutil.copytree(audited.export.folder, tmp_path / "copy")
    return ExportedLog(tmp_path / "copy")


def test_an_untouched_export_is_verified(audited: Audited) -> None:
    steps: list[tuple[int, int]] = []
    report: LogReport = audit(
        audited.export, audited.verifier, since=audited.since, progress=lambda done, of: steps.append((done, of))
    )
    assert report.verified, report.problems
    assert report.entries == 2 * SEARCHES + 1
    assert report.checkpoint == audited.log.checkpoint()
    assert report.root == Checkpoint.parse(open_note(report.checkpoint, [audited.verifier])).root
    assert steps[-1] == (report.entries, report.entries)


def test_a_long_log_is_examined_by_several_processes(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.audit.auditor._ALONE", 0)
    report = audit(audited.export, audited.verifier, since=audited.since)
    assert report.verified and report.entries == 2 * SEARCHES + 1
    assert report.kinds == {EntryKind.START: 1, EntryKind.REQUEST: SEARCHES, EntryKind.OUTCOME: SEARCHES}
    other = Checkpoint(origin=audited.since.origin, size=audited.since.size, root=bytes(32))
    report = audit(audited.export, audited.verifier, since=other)
    assert [problem.code for problem in report.problems] == ["history_differs"]


AUDIT_OF_A_LOG_THAT_STOPS = """
import time
from matcher.audit import auditor
from matcher.tlog.bundle import pack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.note import Signer, sign_note

signer = Signer.generate("example.com/log")

class Stopping:
    def checkpoint(self):
        return sign_note(Checkpoint(origin=signer.name, size=10**6, root=bytes(32)).text, signer)

    def read(self, tile):
        if tile.begin == 20 * tile.width:
            print("stopped", flush=True)
            time.sleep(600)
        return pack_bundle([b"{}"] * tile.width)

if __name__ == "__main__":
    auditor.cores = lambda: 1
    auditor.audit(Stopping(), signer.verifier)
"""
"""Its one process has examined bundles when the log stops."""


@pytest.mark.slow
def test_the_processes_of_an_audit_end_with_one_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "audit.py"
    script.write_text(AUDIT_OF_A_LOG_THAT_STOPS)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as auditing:
        try:
            assert auditing.stdout is not None
            assert auditing.stdout.readline() == "stopped\n"
            children = psutil.Process(auditing.pid).children()
        finally:
            auditing.kill()
    assert children
    _, alive = psutil.wait_procs(children, timeout=20)
    for one in alive:
        one.kill()
    assert not alive


def test_a_size_that_no_log_has_ends_with_the_first_bundle_that_is_missing(audited: Audited, tmp_path: Path) -> None:
    signer = Signer.generate("example.com/log")
    (tmp_path / "checkpoint").write_text(
        sign_note(Checkpoint(origin=signer.name, size=10**18, root=bytes(32)).text, signer)
    )
    report = audit(ExportedLog(tmp_path), signer.verifier)
    assert {problem.code for problem in report.problems} == {"tile_missing"}
    assert report.severity is Severity.MISSING


def edited(path: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        (folder / path).write_bytes(change((folder / path).read_bytes()))

    return edit


def swapped(packed: bytes) -> bytes:
    leaves = unpack_bundle(packed, 256)
    leaves[3], leaves[4] = leaves[4], leaves[3]
    return pack_bundle(leaves)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (edited("tile/entries/000", lambda data: data.replace(b'"case 1"', b'"case 7"', 1)), "tile_differs"),
        (edited("tile/entries/001", lambda data: data.replace(b'"case 15', b'"CASE 15', 1)), "root_differs"),
        (edited("tile/entries/000", swapped), "request_missing"),
        (edited("tile/entries/000", lambda data: data[:-1]), "bundle_malformed"),
        (edited("tile/entries/000", lambda data: data + b"\0"), "bundle_malformed"),
        (edited("tile/0/001", lambda data: data[32:] + data[:32]), "tile_differs"),
        (edited("tile/1/000.p/2", lambda data: data[:32]), "tile_differs"),
        (lambda folder: (folder / "tile/0/001").unlink(), "tile_missing"),
        (lambda folder: (folder / "tile/entries/001").unlink(), "tile_missing"),
        (edited("checkpoint", lambda data: data.replace(b"\n601\n", b"\n600\n")), "checkpoint_invalid"),
        (edited("checkpoint", lambda data: data[: len(data) // 2]), "checkpoint_invalid"),
    ],
)
def test_every_kind_of_change_is_found(
    audited: Audited, copy: ExportedLog, edit: Callable[[Path], None], code: str
) -> None:
    edit(copy.folder)
    assert code in audited.found(copy)


def test_an_old_state_and_another_history_are_found_by_an_old_checkpoint(
    audited: Audited, tmp_path: Path, stub: Any
) -> None:
    early = ExportedLog(tmp_path / "early")
    with Database.open(empty_folder(tmp_path / "data")) as database:
        # The log's owner, with its key, signs another history from the start.
        shutil.copy(audited.database.folder / "log.key", tmp_path / "data" / "log.key.new")
        other = AuditLog(database, clock=stub.MovableClock())
        assert other.verifier_key == audited.log.verifier_key
        other.record(EntryKind.START, bodies.START)
        early.extend(StoredPublication(database))
        assert audited.found(early) == {"rolled_back"}
        with other.writing() as connection:
            for at in range(2 * SEARCHES):
                other.append(connection, EntryKind.LOG_READ, bodies.log_read({"index": at}))
        late = ExportedLog(tmp_path / "late")
        late.extend(StoredPublication(database))
    assert audited.found(late) == {"history_differs"}
    assert audit(late, audited.verifier).verified, "without an old checkpoint nobody could know"


def test_another_key_or_no_log_at_all(audited: Audited, tmp_path: Path) -> None:
    report = audit(audited.export, Signer.generate("other").verifier)
    assert {problem.code for problem in report.problems} == {"checkpoint_invalid"}
    with pytest.raises(ExportError, match="no exported log"):
        audit(ExportedLog(tmp_path / "nothing"), audited.verifier)


@pytest.mark.parametrize(
    ("revisions", "codes"),
    [
        ([1, 2, 3], set()),
        ([5, 6], set()),
        ([1, 3], {"revision_gap"}),
        ([2, 2], {"revision_gap"}),
        ([2, 1], {"revision_gap"}),
    ],
)
def test_a_change_of_the_gallery_that_has_no_entry_is_found(
    tmp_path: Path, stub: Any, revisions: list[int], codes: set[str]
) -> None:
    with Database.open(empty_folder(tmp_path / "data")) as database:
        log = AuditLog(database, clock=stub.MovableClock())
        for kind, revision in zip(
            (EntryKind.ENROLMENT, EntryKind.CONSENT, EntryKind.WITHDRAWAL), revisions, strict=False
        ):
            log.record(kind, bodies.change(kind, revision))
        report = audit(StoredPublication(database), Verifier.parse(log.verifier_key))
    assert {problem.code for problem in report.problems} == codes
