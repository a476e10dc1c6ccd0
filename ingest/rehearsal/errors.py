"""Errors of a rehearsal."""

from typing import ClassVar

from matcher.errors import ClearglassError


class RehearsalError(ClearglassError):
    """A scene could not be made or served."""

    code: ClassVar[str] = "rehearsal_failed"
