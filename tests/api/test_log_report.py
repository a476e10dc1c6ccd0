"""The report on a check as a page, also with hostile texts."""

import re
from pathlib import Path

import pytest

from api.log_report import log_report_page
from matcher.audit.auditor import audit
from matcher.audit.report import LogReport, Problem
from matcher.clock import system_clock
from matcher.log.entry import EntryKind
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.note import Signer
from tests.matcher.log.kept_log import KeptLog

VERIFIER = Signer.generate("example.com/log").verifier
ROOMS = Path(__file__).parents[2] / "matcher"


def page(*problems: Problem, since: Checkpoint | None = None) -> str:
    report = LogReport(
        entries=3,
        root=bytes(32),
        checkpoint="note",
        kinds={EntryKind.REQUEST: 2, EntryKind.LOG_READ: 1},
        began="2026-03-01T09:00:00.000000Z",
        ended="2026-03-02T09:00:00.000000Z",
        open_requests=1,
        problems=problems,
    )
    return log_report_page(report, VERIFIER, since, system_clock())


def test_what_was_found_stands_under_what_it_means() -> None:
    text = page(
        Problem(index=7, code="reviewed_alone", message="Entry 7 <b>confirms</b> alone."),
        Problem(index=None, code="root_differs", message="Another root."),
    )
    assert "The log has been changed" in text and "but rules were broken" in text
    assert text.index("Another root.") < text.index("Entry 7"), "the worst comes first"
    assert "<b>confirms" not in text and "&lt;b&gt;confirms" in text
    assert "only by two different people" in text
    assert "1 of the searches had no outcome yet" in text
    assert "2026-03-01 09:00:00 UTC, 2026-03-02 09:00:00 UTC" in text


@pytest.mark.slow
def test_every_code_has_a_meaning() -> None:
    text = "".join(path.read_text() for path in ROOMS.rglob("*.py"))
    codes = {code for form in (r'add\(\s*[\w.]+, "(\w+)"', r'EntryFault\("(\w+)"') for code in re.findall(form, text)}
    assert len(codes) > 15 and {"entry_malformed", "entry_newer"} <= codes
    for code in codes:
        assert "<td></td>" not in page(Problem(index=None, code=code, message="x")), code


def test_a_log_of_version_1_is_reported_as_any_other() -> None:
    kept = KeptLog()
    text = log_report_page(audit(kept.export, kept.verifier), kept.verifier, kept.checkpoint, system_clock())
    assert "The log is sound." in text and kept.expected["root"] in text


def test_what_it_was_held_against_is_told() -> None:
    assert "No earlier checkpoint was at hand" in page()
    kept = Checkpoint(origin=VERIFIER.name, size=2, root=bytes(32))
    assert "begins with what the earlier checkpoint covers" in page(since=kept)
    problem = Problem(index=None, code="history_differs", message="x")
    assert "begins with what the earlier" not in page(problem, since=kept)
