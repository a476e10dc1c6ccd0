"""One person's way through one view, as far as searching goes: when is the next search worth its log entry?

One passage is one identification, on the first sample the quality gate accepts: an alert that waits for a better one
may come too late. It is searched again only when the sample got clearly better, or after a set time. So the
number of log entries is limited, and the false positive identification rate is counted per passage.
"""

import math
from dataclasses import dataclass

ANSWER_SECONDS = 10.0
"""An answer that has not come by then is not waited for any longer."""

LEAST_BETWEEN = 1.0
"""Seconds between two searches of one passage, however much better the sample."""

NAME_GRACE = 5.0
"""A name is shown for so many seconds after its confirmation was due; then the face is a stranger's again."""


@dataclass(frozen=True, kw_only=True)
class SearchRule:
    """When a passage is searched for again. better_by: quality score. The others: seconds."""

    better_by: float = 0.15
    unmatched_again: float = 5.0
    matched_again: float = 20.0


@dataclass(kw_only=True)
class Passage:
    """The state of one passage. Owned by the watch; the moments are its frames' arrival times.

    unsearched: whether nobody was searched for yet since it began, or since it came into doubt whose passage it is.
    """

    number: int
    started: float
    searched: int = 0
    unsearched: bool = True
    subject_id: str | None = None
    _best: float = 0.0
    _searched_at: float = 0.0
    _named_at: float = -math.inf
    _waiting: bool = False

    def wants_sample(self, rule: SearchRule, moment: float) -> bool:
        """Whether the face is worth looking at closely: cheaper than finding out its quality in vain."""
        if self.searched == 0:
            return True
        since = moment - self._searched_at
        if self._waiting and since < ANSWER_SECONDS:
            return False
        return since >= (rule.matched_again if self.subject_id is not None else LEAST_BETWEEN)

    def name(self, rule: SearchRule, moment: float) -> str | None:
        """Who this is, as far as it may be shown: only while the sample that says so is no older than it should be."""
        return self.subject_id if moment - self._named_at < rule.matched_again + NAME_GRACE else None

    def wants_search(self, rule: SearchRule, score: float, moment: float) -> bool:
        """Whether a sample of this quality score should be searched with; the gate has accepted it."""
        if not self.wants_sample(rule, moment):
            return False
        if self.unsearched or self.subject_id is not None:
            return True
        return score >= self._best + rule.better_by or moment - self._searched_at >= rule.unmatched_again

    def asked(self, score: float, moment: float) -> None:
        """A search was sent off."""
        self.searched += 1
        self.unsearched = False
        self._best = max(self._best, score)
        self._searched_at = moment
        self._waiting = True

    def answered(self, search: int, subject_id: str | None) -> None:
        """The answer to its latest search came; one to an earlier search, or to one of another person, says nothing.

        A later answer of nobody takes the name away again.
        """
        if self._waiting and search == self.searched:
            self._waiting = False
            self.subject_id = subject_id
            self._named_at = self._searched_at

    def doubt(self) -> None:
        """It may be somebody else by now: no name, and a new search as soon as two searches may follow each other.

        Where there neither is a name nor an answer on its way that may bring one, there is nothing to doubt.
        """
        if self.subject_id is not None or self._waiting:
            self.subject_id, self._waiting, self.unsearched, self._best = None, False, True, 0.0
