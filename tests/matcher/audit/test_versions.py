"""A leaf names its version; a version or a kind that is not known is reported in a sentence, and never as a change."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.audit.auditor import audit
from matcher.audit.examination import EntryFacts, EntryFault, examine
from matcher.audit.receipt import Receipt
from matcher.audit.report import LogReport, Severity
from matcher.audit.verification import verify_log
from matcher.evaluation.published import evaluate_log
from matcher.log.entry import EntryKind, encode
from matcher.log.errors import EntryNewerError
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.store.database import Database
from matcher.timestamp import format_time
from matcher.tlog.canonical import canonical
from matcher.tlog.export import ExportedLog
from matcher.tlog.note import Verifier
from tests.empty_folder import empty_folder
from tests.matcher.log import bodies
from tests.matcher.log.kept_log import KeptLog

KEPT = KeptLog()
NEWER = "has version 3; this Clearglass reads versions 1 and 2"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(empty_folder(tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def log(database: Database, stub: Any, monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    """One with an entry of a version to come, which stands at index 1."""
    log = AuditLog(database, clock=stub.MovableClock())
    log.record(EntryKind.START, bodies.START)
    with monkeypatch.context() as patch:
        patch.setattr("matcher.log.entry.NEWEST", 3)
        log.record(EntryKind.LOGIN, bodies.LOGIN)
    log.record(EntryKind.LOGIN, bodies.LOGIN)
    return log


def problems(report: LogReport) -> list[tuple[int | None, str, str]]:
    return [(one.index, one.code, one.message) for one in report.problems]


def test_a_newer_version_is_a_problem_of_its_own(log: AuditLog, tmp_path: Path, database: Database) -> None:
    export = ExportedLog(tmp_path / "export")
    export.extend(StoredPublication(database))
    problem = (1, "entry_newer", f"Entry 1 {NEWER}: use a newer one.")
    for report in (verify_log(database, log.verifier_key), audit(export, Verifier.parse(log.verifier_key))):
        assert problems(report) == [problem]
        assert report.severity is Severity.MISSING


def test_every_reader_refuses_a_newer_version_by_the_same_error(log: AuditLog, database: Database) -> None:
    publication, verifier = StoredPublication(database), Verifier.parse(log.verifier_key)
    for read in (
        lambda: log.entry(1),
        log.entries,
        lambda: Receipt.issue(publication, 1).verified(verifier),
        lambda: evaluate_log(publication),
    ):
        with pytest.raises(EntryNewerError) as caught:
            read()
        assert (caught.value.code, caught.value.message) == ("entry_newer", f"The entry {NEWER}.")
    assert Receipt.issue(publication, 2).verified(verifier)[0].index == 2


def leaf_of(kind: EntryKind) -> dict[str, Any]:
    """A leaf of version 1."""
    leaf: dict[str, Any] = next(one for one in map(json.loads, KEPT.leaves()) if one["kind"] == kind)
    return leaf


def fault(leaf: dict[str, Any]) -> str:
    examined = examine(canonical(leaf))
    assert isinstance(examined, EntryFault), examined
    return examined.code


@pytest.mark.parametrize("kind", [EntryKind.REVIEW, EntryKind.STOP])
def test_a_leaf_whose_version_was_changed_is_no_entry(kind: EntryKind, stub: Any) -> None:
    old = leaf_of(kind)
    new = json.loads(encode(format_time(stub.MovableClock()()), EntryKind.STOP, {}))
    assert isinstance(examine(canonical(old)), EntryFacts) and isinstance(examine(canonical(new)), EntryFacts)
    assert fault(old | {"version": 2}) == fault(new | {"version": 1}) == "entry_malformed"
    assert fault(old | {"version": 3}) == fault(new | {"version": 3}) == "entry_newer"
    assert {fault(new | {"version": other}) for other in (0, -1, "2", True, None, 2.5)} == {"entry_malformed"}


def test_a_body_of_one_version_under_another_is_not_as_its_schema_says(stub: Any) -> None:
    review = leaf_of(EntryKind.REVIEW)
    examined = examine(encode(format_time(stub.MovableClock()()), EntryKind.REVIEW, review["body"]))
    assert isinstance(examined, EntryFacts)
    assert [code for code, _ in examined.faults] == ["entry_invalid"]


def test_a_changed_version_is_found_by_the_tree(tmp_path: Path) -> None:
    for number in (2, 3):
        copy = ExportedLog(tmp_path / str(number))
        copy.extend(KEPT.export)
        (bundle,) = (path for path in (copy.folder / "tile" / "entries").rglob("*") if path.is_file())
        bundle.write_bytes(bundle.read_bytes().replace(b'"version":1}', b'"version":%d}' % number, 1))
        report = audit(copy, KEPT.verifier)
        assert {"tile_differs", "root_differs"} <= {problem.code for problem in report.problems}
        assert report.severity is Severity.CHANGED


def test_a_kind_that_is_not_known_is_a_problem_of_its_own(stub: Any) -> None:
    leaf = json.loads(encode(format_time(stub.MovableClock()()), EntryKind.STOP, {})) | {"kind": "suspension"}
    examined = examine(canonical(leaf))
    assert examined == EntryFault(
        "entry_newer", "is of the kind 'suspension', which this Clearglass does not know: use a newer one"
    )
