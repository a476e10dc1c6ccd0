"""The report on a check of the log, as a page that a lawyer can read and keep: it loads nothing from anywhere."""

from collections.abc import Mapping
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from matcher.audit.report import LogReport, Problem, Severity
from matcher.log.entry import EntryKind
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.note import Verifier

_VERDICTS: Mapping[Severity | None, str] = {
    None: "The log is sound.",
    Severity.RULE: "The log is what was signed, but shows that rules were not kept.",
    Severity.MISSING: "Parts of the log are missing, or cannot be read by this program.",
    Severity.CHANGED: "The log has been changed, or is not the one that was asked for.",
}

_MEANINGS: Mapping[str, str] = {
    "clock_order": "Entries must follow one another in time, but where one says that the clock had run ahead.",
    "outcome_missing": "A search was begun, and nothing says what came of it.",
    "request_missing": "An outcome stands without the search it belongs to.",
    "reviewer_twice": "Whoever has judged an alert once may not judge it again.",
    "reviewed_alone": "An alert counts as confirmed only on the word of two different people.",
    "revision_gap": "The gallery of enrolled people was changed, and no entry says how.",
    "entry_invalid": "The entry leaves out, or adds, what its kind must or may not say.",
    "entry_malformed": "The bytes that were signed are no entry at all.",
    "entry_newer": "The entry was written by a newer program; this one cannot tell what it says.",
    "entry_not_canonical": "The entry is not in the one form that its bytes must have.",
    "tile_missing": "A file of the log is not there; nothing can be said of what it held.",
    "cosignatures_missing": "Too few independent witnesses say that they saw this log and no other under its name.",
    "bundle_malformed": "A file with entries is cut short, or holds more than it must.",
    "tile_differs": "The hashes that are published are not those of the entries.",
    "root_differs": "The entries are not those that the signature covers.",
    "checkpoint_invalid": "The signature is not one by this key, or not over this log.",
    "origin_differs": "The signature is over another log.",
    "leaf_differs": "The entry was changed after its hash had been kept beside it.",
    "columns_differ": "What is kept beside the entry, to find it by, was changed.",
    "entry_missing": "An entry was taken away.",
    "entry_beyond": "There are entries that the log's own end does not reach to.",
    "size_differs": "The log has more entries, or fewer, than its signature says.",
    "frontier_differs": "What is kept to go on with the log was changed.",
    "hash_differs": "A hash that is kept for proofs was changed.",
    "rolled_back": "Entries that were there at the earlier checkpoint have been taken away.",
    "history_differs": "Entries that were there at the earlier checkpoint have been replaced.",
}


def log_report_page(report: LogReport, verifier: Verifier, since: Checkpoint | None, made_at: datetime) -> str:
    """The page. verifier: the key that the log was checked with; since: the earlier checkpoint, if there was one."""
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
