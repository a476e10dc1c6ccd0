"""The errors of the audit log."""

from typing import ClassVar

from matcher.tlog.errors import LogError


class LogUnavailableError(LogError):
    """The log could not be written, so the action to be logged was not done."""

    code: ClassVar[str] = "log_unavailable"


class ClockError(LogError):
    """The machine's clock is before the time of the log's last entry."""

    code: ClassVar[str] = "clock_set_back"


class ClockSoundError(LogError):
    """A resumption of the log was requested, but the clock does not prevent new entries."""

    code: ClassVar[str] = "clock_sound"

    def __init__(self) -> None:
        super().__init__(
            "The clock is not before the audit log's last entry, so there is nothing to resume.",
            remedy="If the machine's clock is wrong, correct it first.",
        )


class LogKeyError(LogError):
    """The log's signing key is missing, malformed, or not the key with which the log began."""

    code: ClassVar[str] = "log_key"


class LogTruncatedError(LogError):
    """The log's head is missing although there was a log. No new log is begun in its place."""

    code: ClassVar[str] = "log_truncated"


class LogUnsoundError(LogError):
    """The disk failed in writing the log, and the log does not verify. The service does not start with it."""

    code: ClassVar[str] = "log_unsound"

    def __init__(self, failure: str, problem: str) -> None:
        super().__init__(
            f"The disk failed in writing the log in an earlier run ({failure}), and the log is not complete: {problem}",
            remedy="Keep the data folder as it is, run `clearglass audit verify`, and start from a backup elsewhere.",
        )


class LogHeadError(LogError):
    """The state to which the log adds its next entry is not the state that was signed."""

    code: ClassVar[str] = "log_head"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"The log was changed or damaged: {problem}.",
            remedy="Keep the data folder as it is, and run `clearglass audit verify`.",
        )


class EntryUnknownError(LogError):
    """The log has no entry with this index."""

    code: ClassVar[str] = "entry_unknown"


class EntryInvalidError(LogError):
    """The entry to be logged is too large, or has no canonical JSON form."""

    code: ClassVar[str] = "entry_invalid"


class EntryNewerError(LogError):
    """An entry has a version or a kind that this program does not know.

    what: the version or kind, as the predicate of a sentence.
    """

    code: ClassVar[str] = "entry_newer"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"The entry {what}.", remedy="Use a newer Clearglass.")


class ReceiptError(LogError):
    """A receipt is malformed, or does not prove its entry."""

    code: ClassVar[str] = "receipt_invalid"

    def __init__(self, what: str) -> None:
        super().__init__(f"The receipt is not valid: {what}.", remedy="Ask the sender of the receipt to send it again.")


class LogChangedError(LogError):
    """The entries of a log are not those that its checkpoint covers."""

    code: ClassVar[str] = "log_changed"

    def __init__(self, message: str) -> None:
        super().__init__(message, remedy="Run `clearglass audit verify`: it shows where the log was changed.")
