"""The report on a check of the log as a self-contained page for lawyers: it loads nothing from other hosts."""

from collections.abc import Mapping
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from matcher.audit.report import LogReport, Problem, Severity
from matcher.log.entry import EntryKind
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.note import Verifier

_VERDICTS: Mapping[Severity | None, str] = {
    None: "The log is sound.",
    Severity.RULE: "The log is what was signed, but rules were broken.",
    Severity.MISSING: "Parts of the log are missing, or cannot be read by this program.",
    Severity.CHANGED: "The log has been changed, or is another log.",
}

_MEANINGS: Mapping[str, str] = {
    "clock_order": "Entries must be in the order of time, except after an entry about a clock that had run ahead.",
    "outcome_missing": "A search was begun, and has no outcome entry.",
    "request_missing": "An outcome stands without the search it belongs to.",
    "reviewer_twice": "One person reviewed the same alert twice.",
    "reviewed_alone": "An alert is confirmed only by two different people.",
    "revision_gap": "The gallery of enrolled people was changed without an entry.",
    "entry_invalid": "The entry lacks a field that its kind must have, or has one that it may not.",
    "entry_malformed": "The bytes that were signed are no valid entry.",
    "entry_newer": "The entry was written by a newer program; this one cannot read it.",
    "entry_not_canonical": "The entry's bytes are not in canonical form.",
    "tile_missing": "A file of the log is missing; its content was not checked.",
    "cosignatures_missing": "Too few independent witnesses have cosigned this log.",
    "bundle_malformed": "A file with entries is too short or too long.",
    "tile_differs": "The published hashes are not those of the entries.",
    "root_differs": "The entries are not those that the signature covers.",
    "checkpoint_invalid": "The signature is not by this key, or not over this log.",
    "origin_differs": "The signature is over another log.",
    "leaf_differs": "The entry was changed after its hash was stored.",
    "columns_differ": "The columns stored beside the entry were changed.",
    "entry_missing": "An entry was removed.",
    "entry_beyond": "There are entries beyond the end of the log.",
    "size_differs": "The log has more or fewer entries than its signed checkpoint.",
    "frontier_differs": "The stored state from which the log continues was changed.",
    "hash_differs": "A hash stored for proofs was changed.",
    "rolled_back": "Entries that the earlier checkpoint covered have been removed.",
    "history_differs": "Entries that the earlier checkpoint covered have been replaced.",
}


def log_report_page(report: LogReport, verifier: Verifier, since: Checkpoint | None, made_at: datetime) -> str:
    """The page. verifier: the public key used for the check; since: the earlier checkpoint, if there was one."""
    environment = Environment(
        loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["told"] = _told
    return environment.get_template("log_report.html").render(
        report=report,
        verdict=_VERDICTS[report.severity],
        by_severity=_by_severity(report),
        meanings=_MEANINGS,
        searches=report.kinds.get(EntryKind.REQUEST, 0),
        kinds={kind.value.replace("_", " "): report.kinds[kind] for kind in EntryKind if kind in report.kinds},
        verifier=verifier,
        since=since,
        made_at=made_at,
    )


def _told(time: str | None) -> str:
    """A time of the log's, to the second."""
    return "–" if time is None else f"{time[:10]} {time[11:19]} UTC"


def _by_severity(report: LogReport) -> dict[str, list[Problem]]:
    """The worst first, each under a heading."""
    return {
        _VERDICTS[severity]: found
        for severity in sorted(Severity, reverse=True)
        if (found := [problem for problem in report.problems if problem.severity is severity])
    }
