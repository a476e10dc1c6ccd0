"""A log that was written as version 1 is read, checked, searched and replayed for ever, and goes on as version 2."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.alerts.review import Verdict
from matcher.audit.auditor import audit
from matcher.audit.receipt import Receipt
from matcher.audit.searches import Ending, SearchFilter, every_search
from matcher.audit.unusual import UnusualRules, unusual
from matcher.audit.verification import verify_log
from matcher.evaluation.published import evaluate_log
from matcher.log.entry import EntryKind, decode, encode
from matcher.log.log import AuditLog
from matcher.log.schema import published, violation
from matcher.log.stored_publication import StoredPublication
from matcher.store.database import Database
from matcher.timestamp import format_time
from matcher.tlog.errors import LogError
from matcher.tlog.export import ExportedLog
from tests.matcher.log.kept_log import KeptLog

KEPT = KeptLog()


def as_json(value: Any) -> Any:
    """As the expectations were written."""
    return json.loads(json.dumps(value, default=str))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return KEPT.restore(tmp_path / "data")


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    with Database.open(folder) as opened:
        yield opened


@pytest.fixture
def later(stub: Any, folder: Path) -> Any:
    """The world of that folder, an hour after its last entry, whose clock was set back."""
    world = stub.World(folder)
    with Database.open(folder) as database:
        last = AuditLog(database, clock=world.clock).entries(limit=1, newest_first=True)[0].time
    world.clock.now = last + timedelta(hours=1)
    return world


def test_its_schema_is_what_it_was() -> None:
    assert as_json(published(1)) == KEPT.schema


def test_its_export_is_sound_and_of_version_1_alone() -> None:
    report = audit(KEPT.export, KEPT.verifier)
    assert report.verified, report.problems
    assert (report.entries, report.root.hex()) == (KEPT.expected["entries"], KEPT.expected["root"])
    assert set(report.kinds) == {EntryKind(one) for one in kinds_of(published(1))}
    assert {decode(leaf).version for leaf in KEPT.leaves()} == {1}


def kinds_of(schema: Any) -> list[str]:
    return [schema["$defs"][one["$ref"].rpartition("/")[2]]["properties"]["kind"]["const"] for one in schema["oneOf"]]


def test_each_of_its_entries_is_read_as_one_of_version_2() -> None:
    for leaf in KEPT.leaves():
        entry = decode(leaf)
        assert violation(leaf, 1) is None
        body = dict(entry.body)
        if "evidence_digest" in (body.get("consent") or {}):
            agreed = {name: value for name, value in body["consent"].items() if name != "evidence_digest"}
            body["consent"] = agreed | {"evidence_commitment": body["consent"]["evidence_digest"]}
        assert violation(encode(format_time(entry.time), entry.kind, body), 2) is None, leaf


def test_its_receipt_proves_an_entry() -> None:
    entry, checkpoint = Receipt.parse(KEPT.receipt).verified(KEPT.verifier)
    assert (entry.index, entry.version, entry.kind) == (KEPT.expected["receipt"], 1, EntryKind.OUTCOME)
    assert checkpoint == KEPT.checkpoint
    assert entry.body["scores"] == {name: json.loads(entry.data)["body"][name] for name in ("sface", "dlib")}
    assert not {"sface", "dlib"} & set(entry.body)


def test_the_same_is_found_in_it_as_by_the_code_that_wrote_it(database: Database, stub: Any) -> None:
    assert verify_log(database, KEPT.expected["verifier_key"]).verified
    assert as_json([asdict(one) for one in every_search(database, SearchFilter())]) == KEPT.expected["searches"]
    began, ended = stub.MovableClock().now - timedelta(days=1), stub.MovableClock().now + timedelta(days=1)
    found = unusual(database, UnusualRules(min_repeats=2, zone=ZoneInfo("UTC")), since=began, until=ended)
    assert as_json([asdict(one) for one in found]) == KEPT.expected["unusual"]
    evaluated = evaluate_log(KEPT.export, KEPT.declarations, verifiers=[KEPT.verifier])
    assert as_json(asdict(evaluated.report)) == KEPT.expected["evaluation"]


@pytest.mark.parametrize("ending", Ending)
def test_its_searches_are_found_by_what_came_of_them(database: Database, ending: Ending) -> None:
    known = [one for one in KEPT.expected["searches"] if one["ending"] == ending]
    assert [one.request_index for one in every_search(database, SearchFilter(ending=ending))] == [
        one["request_index"] for one in known
    ]
    for subject in {one["subject"] for one in known} - {None}:
        about = [one["request_index"] for one in known if one["subject"] == subject]
        asked = SearchFilter(ending=ending, subject=subject)
        assert set(about) <= {one.request_index for one in every_search(database, asked)}


def test_its_decisions_are_made_again(later: Any) -> None:
    with later.open() as matcher:
        for index, verdict in KEPT.expected["replays"].items():
            assert matcher.replayer.replay(int(index), actor="user:1", role="auditor").verdict == verdict


def test_a_log_that_changes_its_version_in_the_middle_is_one_log(later: Any, tmp_path: Path) -> None:
    known = next(one for one in KEPT.expected["searches"] if one["search"] == "identify" and one["ending"] == "found")
    with later.open() as matcher:
        probe = later.probe(matcher, 1)
        query = later.query(actor="camera:lobby", role="camera")
        found = matcher.identifier.identify(probe, query)
        alert = matcher.alerts.raise_alert(
            camera_id="lobby", candidate_list=found, probe=probe, captured_at=later.clock()
        )
        matcher.alerts.review(alert.id, "user:1", Verdict.REJECT)
        newest, *older = every_search(matcher.database, SearchFilter())
        assert (newest.request_index, newest.subject) == (found.request_index, known["subject"])
        assert [one.request_index for one in older] == [one["request_index"] for one in KEPT.expected["searches"]]
        evaluated = evaluate_log(StoredPublication(matcher.database), KEPT.declarations)
        before, tally = KEPT.expected["evaluation"]["total"], evaluated.report.total.tally
        assert evaluated.report.total.searches == before["searches"] + 1
        assert (tally.alerts, tally.rejected) == (before["tally"]["alerts"] + 1, before["tally"]["rejected"] + 1)
        assert {entry.version for entry in matcher.log.entries(limit=1000)} == {1, 2}
        assert verify_log(matcher.database, matcher.log.verifier_key).verified
        export = ExportedLog(tmp_path / "export")
        export.extend(StoredPublication(matcher.database))
    report = audit(export, KEPT.verifier, since=KEPT.checkpoint)
    assert report.verified, report.problems


def test_one_person_who_reviewed_in_version_1_is_no_second_one_in_version_2(later: Any) -> None:
    review = next(decode(leaf).body for leaf in KEPT.leaves() if decode(leaf).kind is EntryKind.REVIEW)
    with later.open() as matcher:
        matcher.log.record(EntryKind.REVIEW, review)
        report = verify_log(matcher.database, matcher.log.verifier_key)
        index = matcher.log.size() - 1
    assert [(one.code, one.index) for one in report.problems] == [("reviewer_twice", index)]


NAMES = st.sampled_from(["candidates", "sface", "dlib", "names", "scores", "request_index", "outcome", "references"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)
)


@given(kind=st.sampled_from(EntryKind), body=st.dictionaries(NAMES, JSON), version=st.integers(-1, 4))
def test_whatever_a_leaf_says_it_is_read_or_refused(kind: EntryKind, body: dict[str, Any], version: int) -> None:
    leaf = {"version": version, "time": "2026-03-01T12:00:00.000000Z", "kind": kind.value, "body": body}
    try:
        entry = decode(json.dumps(leaf).encode())
    except (ValueError, LogError):
        assert version != 1
    else:
        assert (version, entry.kind) == (1, kind)
