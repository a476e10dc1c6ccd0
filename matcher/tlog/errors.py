"""Errors of a log's published form, its witnesses and their policy."""

from typing import ClassVar

from matcher.errors import ClearglassError


class LogError(ClearglassError):
    """The base of errors of the audit log."""

    code: ClassVar[str] = "log"


class TileUnknownError(LogError):
    """The log is not so long that it has this tile."""

    code: ClassVar[str] = "tile_unknown"

    def __init__(self, path: str) -> None:
        super().__init__(f"The log has no {path}.", remedy="Ask for what the checkpoint's size says there is.")


class NoteError(LogError):
    """A signed note or checkpoint is malformed, or its signature is not by the expected key."""

    code: ClassVar[str] = "note_invalid"


class ExportError(LogError):
    """A folder with an exported log cannot be read or written, or holds the export of another log."""

    code: ClassVar[str] = "log_export"

    def __init__(
        self, message: str, *, remedy: str = "Name another folder, or check its permissions and its disk."
    ) -> None:
        super().__init__(message, remedy=remedy)


class WitnessError(LogError):
    """A witness cannot keep what it has cosigned, so it cosigns nothing."""

    code: ClassVar[str] = "witness"

    def __init__(self, message: str) -> None:
        super().__init__(message, remedy="Check the witness's folder and its disk, then start it again.")


class ServedLogError(LogError):
    """A log that is served elsewhere cannot be read there."""

    code: ClassVar[str] = "log_served"

    def __init__(self, message: str, *, remedy: str = "Check its address, then try again.") -> None:
        super().__init__(f"{message}.", remedy=remedy)


class PolicyError(LogError):
    """A witness policy (C2SP tlog-policy) cannot be read, or breaks the format's rules."""

    code: ClassVar[str] = "witness_policy"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The witness policy cannot be followed: {what}.", remedy="See https://c2sp.org/tlog-policy for its form."
        )


class CosigningError(LogError):
    """A witness could not be asked, or did not cosign the log's checkpoint."""

    code: ClassVar[str] = "cosigning"

    def __init__(self, message: str, *, remedy: str = "Check that it runs, and that it knows this log's key.") -> None:
        super().__init__(message, remedy=remedy)


class UncosignedError(LogError):
    """The log publishes only what its witnesses have cosigned, and they have cosigned nothing yet."""

    code: ClassVar[str] = "log_uncosigned"

    def __init__(self) -> None:
        super().__init__(
            "The log's witnesses have cosigned nothing yet, so nothing is published.",
            remedy="Try again in a moment; if that does not help, check that the witnesses can be reached.",
        )
