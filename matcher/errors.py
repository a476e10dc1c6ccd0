"""The base of errors that are shown to people: what was wrong, where, and what to do about it."""

from typing import Any, ClassVar


class ClearglassError(Exception):
    """An error with a stable code for programs, and for people a message and a remedy.

    Subclasses stand beside the noun that they concern; `api.http.errors` maps every code to an HTTP status in one
    table. Neither text may hold a secret, a name of a person or a template.
    """

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle: the error keeps its fields from one process to another."""
        return _again, (type(self), self.message, self.remedy, self.__dict__)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


def _again(kind: type[ClearglassError], message: str, remedy: str, rest: dict[str, Any]) -> ClearglassError:
    error = kind.__new__(kind)
    ClearglassError.__init__(error, message, remedy=remedy)
    error.__dict__.update(rest)
    return error
