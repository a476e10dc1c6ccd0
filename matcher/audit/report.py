"""What a check of a whole log found."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from matcher.log.entry import EntryKind


class Severity(IntEnum):
    """How severe a problem is; the number is the exit status of a check by the command line."""

    RULE = 3
    """The log is what was signed, and shows that a rule was not kept."""

    MISSING = 4
    """A part of the log is missing or cannot be read, so that it was not checked."""

    CHANGED = 5
    """The log is not what was signed, or does not continue the earlier checkpoint."""


_RULES = frozenset(
    {
        "clock_order",
        "entry_invalid",
        "entry_malformed",
        "entry_not_canonical",
        "outcome_missing",
        "request_missing",
        "reviewed_alone",
        "reviewer_twice",
        "revision_gap",
    }
)
_MISSING = frozenset({"cosignatures_missing", "entry_newer", "tile_missing"})


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem. index: the entry's; None for the log as a whole. code: for programs."""

    index: int | None
    code: str
    message: str

    @property
    def severity(self) -> Severity:
        """What the code stands for."""
        if self.code in _RULES:
            return Severity.RULE
        return Severity.MISSING if self.code in _MISSING else Severity.CHANGED


@dataclass(frozen=True, kw_only=True)
class LogReport:
    """The result of a check. root: the tree's, computed from the entries, 32 bytes. checkpoint: the signed note
    checked.

    kinds: the number of entries of each kind. began, ended: the times in the first and in the last entry; None
    in an empty log. open_requests: searches of the present run that had no outcome yet; that is no problem.
    """

    entries: int
    root: bytes
    checkpoint: str
    kinds: Mapping[EntryKind, int]
    began: str | None
    ended: str | None
    open_requests: int
    problems: tuple[Problem, ...]

    @property
    def verified(self) -> bool:
        """True if there is no problem."""
        return not self.problems

    @property
    def severity(self) -> Severity | None:
        """The worst of the problems; None where there are none."""
        return max((problem.severity for problem in self.problems), default=None)
