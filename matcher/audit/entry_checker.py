"""Entries against one another, in their order: times go back only where an entry says so, each search has an outcome,
revisions have no gap."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from matcher.audit.examination import EntryFacts, EntryFault
from matcher.audit.report import LogReport, Problem
from matcher.log.entry import EntryKind
from matcher.tlog.merkle import Frontier

MAX_PROBLEMS = 1_000

_CHANGES = frozenset({EntryKind.ENROLMENT, EntryKind.CONSENT, EntryKind.WITHDRAWAL})
"""Of the gallery: each leads to its next revision."""


@dataclass(kw_only=True)
class EntryChecker:
    """One pass over the entries, from the first one on.

    problems: no more than MAX_PROBLEMS. open: searches that have no outcome yet, in the present run. reviewers: by
    alert, who reviewed it.
    """

    problems: list[Problem] = field(default_factory=list)
    open: dict[int, None] = field(default_factory=dict)
    kinds: Counter[EntryKind] = field(default_factory=Counter)
    began: str | None = None
    ended: str | None = None
    revision: int | None = None
    reviewers: dict[str, set[str]] = field(default_factory=dict)

    def add(self, index: int | None, code: str, message: str) -> None:
        """Adds a problem."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(index=index, code=code, message=message))

    def check(self, index: int, entry: EntryFacts | EntryFault) -> None:
        """Checks the next entry against those before it. entry: as `examine` gives it."""
        for code, what in [entry] if isinstance(entry, EntryFault) else entry.faults:
            self.add(index, code, f"Entry {index} {what}.")
        if isinstance(entry, EntryFault):
            return
        kind, facts = entry.kind, entry.facts
        self.kinds[kind] += 1
        self._date(index, entry)
        if kind is EntryKind.REQUEST:
            self.open[index] = None
        elif kind is EntryKind.START:
            self._start()
        elif kind is EntryKind.REVIEW:
            self._review(index, facts)
        elif kind is EntryKind.OUTCOME or (kind is EntryKind.FAILURE and "request" in facts):
            self._answer(index, facts.get("request"))
        elif kind in _CHANGES:
            self._change(index, facts.get("revision"))

    def report(self, frontier: Frontier, checkpoint: str) -> LogReport:
        """The report. frontier: of the tree of the entries. checkpoint: the signed note that was checked."""
        return LogReport(
            entries=frontier.size,
            root=frontier.root(),
            checkpoint=checkpoint,
            kinds=dict(self.kinds),
            began=self.began,
            ended=self.ended,
            open_requests=len(self.open),
            problems=tuple(self.problems),
        )

    def _date(self, index: int, entry: EntryFacts) -> None:
        time, last = entry.time, self.ended
        if self.began is None:
            self.began = time
        if entry.kind is EntryKind.CLOCK:
            if entry.facts.get("last_time") != last:
                self.add(index, "clock_order", f"Entry {index} gives another time for the entry before it.")
        elif last is not None and time < last:  # in their one form, the order of texts is that of times
            self.add(index, "clock_order", f"Entry {index} is earlier than the one before it.")
        self.ended = time

    def _start(self) -> None:
        for request in self.open:
            self.add(request, "outcome_missing", f"Request {request} has no outcome.")
        self.open.clear()

    def _answer(self, index: int, request: object) -> None:
        if not isinstance(request, int) or request not in self.open:
            self.add(index, "request_missing", f"Entry {index} ends request {request}, which is not open.")
            return
        del self.open[request]

    def _review(self, index: int, facts: Mapping[str, Any]) -> None:
        """Two different people confirm an alert (EU AI Act, Art. 14(5))."""
        known, reviewer = self.reviewers.setdefault(str(facts.get("alert")), set()), str(facts.get("actor"))
        if reviewer in known:
            self.add(index, "reviewer_twice", f"Entry {index} is a second review of one alert by one person.")
        known.add(reviewer)
        if facts.get("status") == "confirmed" and len(known) < 2:
            self.add(index, "reviewed_alone", f"Entry {index} confirms an alert on the word of one person.")

    def _change(self, index: int, revision: object) -> None:
        """Every change of the gallery has an entry: none may be missing between two of them."""
        if not isinstance(revision, int) or (self.revision is not None and revision != self.revision + 1):
            message = f"Entry {index} leads to the gallery's revision {revision}, after {self.revision}."
            self.add(index, "revision_gap", message)
        self.revision = revision if isinstance(revision, int) else None
