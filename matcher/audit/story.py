"""What entries say, read in their order: times that never go back, an outcome for every search, no gap in revisions."""

from dataclasses import dataclass, field
from datetime import datetime

from matcher.audit.entry import Body, EntryKind, decode, encode
from matcher.audit.errors import EntryInvalidError
from matcher.audit.report import Problem

MAX_PROBLEMS = 1_000

Told = tuple[datetime, EntryKind, Body]


@dataclass(kw_only=True)
class Story:
    """One pass over the entries, from the first one on.

    problems: no more than MAX_PROBLEMS. open: searches that have no outcome yet, in the present run.
    """

    problems: list[Problem] = field(default_factory=list)
    open: dict[int, None] = field(default_factory=dict)
    last_time: datetime | None = None
    revision: int | None = None
    reviewers: set[tuple[str, str]] = field(default_factory=set)

    def add(self, index: int | None, code: str, message: str) -> None:
        """One more problem."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(index=index, code=code, message=message))

    def tell(self, index: int, data: bytes) -> Told | None:
        """The next entry: what it says, checked against what was said before; None if it is no entry."""
        try:
            moment, kind, body = decode(data)
            canonical = encode(moment, kind, body)
        except (ValueError, RecursionError, EntryInvalidError):
            self.add(index, "entry_malformed", f"Entry {index} is not a valid entry.")
            return None
        if canonical != data:
            self.add(index, "entry_not_canonical", f"Entry {index} is not canonical JSON.")
        if self.last_time is not None and moment < self.last_time:
            self.add(index, "clock_order", f"Entry {index} is earlier than the one before it.")
        self.last_time = moment
        if kind is EntryKind.REQUEST:
            self.open[index] = None
        elif kind is EntryKind.START:
            self._start()
        elif kind is EntryKind.REVIEW:
            self._review(index, body)
        if kind is EntryKind.OUTCOME or (kind is EntryKind.FAILURE and "request" in body):
            self._answer(index, body.get("request"))
        if kind in {EntryKind.ENROLMENT, EntryKind.CONSENT, EntryKind.WITHDRAWAL}:
            self._change(index, body.get("revision"))
        return moment, kind, body

    def _start(self) -> None:
        for request in self.open:
            self.add(request, "outcome_missing", f"Request {request} has no outcome.")
        self.open.clear()

    def _answer(self, index: int, request: object) -> None:
        if not isinstance(request, int) or request not in self.open:
            self.add(index, "request_missing", f"Entry {index} ends request {request}, which is not open.")
            return
        del self.open[request]

    def _review(self, index: int, body: Body) -> None:
        pair = (str(body.get("alert")), str(body.get("reviewer")))
        if pair in self.reviewers:
            self.add(index, "reviewer_twice", f"Entry {index} is a second review of one alert by one person.")
        self.reviewers.add(pair)

    def _change(self, index: int, revision: object) -> None:
        """Every change of the gallery has an entry: none may be missing between two of them."""
        if not isinstance(revision, int) or (self.revision is not None and revision != self.revision + 1):
            message = f"Entry {index} leads to the gallery's revision {revision}, after {self.revision}."
            self.add(index, "revision_gap", message)
        self.revision = revision if isinstance(revision, int) else None
