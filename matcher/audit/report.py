"""What a check of a whole log found."""

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much: entries that are checked, files that are written."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that is not as it must be. index: the entry's; None for the log as a whole. code: for programs."""

    index: int | None
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class LogReport:
    """What was found. root: the tree's, computed from the entries, 32 bytes. checkpoint: the signed note checked.

    open_requests: searches of the present run that had no outcome yet; that is no problem.
    """

    entries: int
    root: bytes
    checkpoint: str
    open_requests: int
    problems: tuple[Problem, ...]

    @property
    def verified(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
