"""A subject as a list shows them."""

from dataclasses import dataclass

from matcher.people.subject import Subject


@dataclass(frozen=True, kw_only=True)
class ListedSubject(Subject):
    """A subject, and the number of their references; 0 after withdrawal."""

    references: int
