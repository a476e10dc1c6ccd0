"""The searches of one passage: decides when a person in a camera's view is searched for again.

A passage is searched for at the first sample that the quality gate accepts, since an alert that waits for a better
sample may come too late. It is searched for again only if the sample is clearly better, or after a set time. This
limits the number of log entries, and defines the denominator of the false positive identification rate.
"""

import math
from dataclasses import dataclass

ANSWER_SECONDS = 10.0
"""The longest wait for an answer, in seconds after the search."""

LEAST_BETWEEN = 1.0
"""The least seconds between two searches of one passage, even if the sample is much better."""

NAME_GRACE = 5.0
"""The seconds that a name is still shown after its next search was due. Then the face is shown without a name."""


@dataclass(frozen=True, kw_only=True)
class SearchRule:
    """When a passage is searched for again.

    better_by: the least gain in quality score for an early search. unmatched_again, matched_again: the seconds until
    the next search without and with a name.
    """

    better_by: float = 0.15
    unmatched_again: float = 5.0
    matched_again: float = 20.0


@dataclass(kw_only=True)
class Passage:
    """The state of one passage. A watch owns it. Each moment is the arrival time of a frame.

    unsearched: whether no search was sent since the passage began, or since its person became doubtful.
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
        """Whether a search may be due, so that the face's quality should be assessed."""
        if self.searched == 0:
            return True
        since = moment - self._searched_at
        if self._waiting and since < ANSWER_SECONDS:
            return False
        return since >= (rule.matched_again if self.subject_id is not None else LEAST_BETWEEN)

    def name(self, rule: SearchRule, moment: float) -> str | None:
        """The subject to show; None if there is none, or if the sample of the identification is too old."""
        return self.subject_id if moment - self._named_at < rule.matched_again + NAME_GRACE else None

    def wants_search(self, rule: SearchRule, score: float, moment: float) -> bool:
        """Whether to search with a sample that the quality gate accepted. score: its quality score."""
        if not self.wants_sample(rule, moment):
            return False
        if self.unsearched or self.subject_id is not None:
            return True
        return score >= self._best + rule.better_by or moment - self._searched_at >= rule.unmatched_again

    def asked(self, score: float, moment: float) -> None:
        """Notes that a search was sent. score: of its sample."""
        self.searched += 1
        self.unsearched = False
        self._best = max(self._best, score)
        self._searched_at = moment
        self._waiting = True

    def answered(self, search: int, subject_id: str | None) -> None:
        """Takes the answer to the latest search. An answer to an earlier search, or from before a doubt, is ignored.

        subject_id: None removes the name of an earlier answer.
        """
        if self._waiting and search == self.searched:
            self._waiting = False
            self.subject_id = subject_id
            self._named_at = self._searched_at

    def doubt(self) -> None:
        """Notes that the face may be another person's: removes the name and allows a new search after LEAST_BETWEEN.

        Does nothing without a name and without a search that waits for its answer.
        """
        if self.subject_id is not None or self._waiting:
            self.subject_id, self._waiting, self.unsearched, self._best = None, False, True, 0.0
