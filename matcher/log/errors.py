"""What can go wrong with the audit log."""

from typing import ClassVar

from matcher.tlog.errors import LogError


class LogUnavailableError(LogError):
    """The log could not be written, so what was to be logged did not happen."""

    code: ClassVar[str] = "log_unavailable"


class ClockError(LogError):
    """The machine's clock stands before the log's last entry."""

    code: ClassVar[str] = "clock_set_back"


class ClockSoundError(LogError):
    """The log was to be resumed, and nothing keeps it from going on."""

    code: ClassVar[str] = "clock_sound"

    def __init__(self) -> None:
        super().__init__(
            "The clock does not stand before the audit log's last entry, so there is nothing to resume.",
            remedy="Set the machine's clock right first, if it is wrong.",
        )


class LogKeyError(LogError):
    """The log's signing key is missing, malformed, or another than the log was begun with."""

    code: ClassVar[str] = "log_key"


class LogTruncatedError(LogError):
    """The log's head is gone where there was a log: somebody cut it off, and no new one is begun in its place."""

    code: ClassVar[str] = "log_truncated"


class LogUnsoundError(LogError):
    """The disk failed under the log, and what is left of it does not verify: the service does not start with it."""

    code: ClassVar[str] = "log_unsound"

    def __init__(self, failure: str, problem: str) -> None:
        super().__init__(
            f"The disk failed under the log in an earlier run ({failure}), and the log is not whole: {problem}",
            remedy="Keep the data folder as it is, see `clearglass audit verify`, and start from a backup elsewhere.",
        )


class LogHeadError(LogError):
    """What the log goes on from is not what was signed."""

    code: ClassVar[str] = "log_head"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"The log was changed or damaged: {problem}.",
            remedy="Keep the data folder as it is, and see `clearglass audit verify`.",
        )


class EntryUnknownError(LogError):
    """The log has no entry with this index."""

    code: ClassVar[str] = "entry_unknown"


class EntryInvalidError(LogError):
    """What was to be logged is too large, or has no canonical JSON form."""

    code: ClassVar[str] = "entry_invalid"


class EntryNewerError(LogError):
    """An entry has a version or a kind that is not known here. what: which, as the end of a sentence."""

    code: ClassVar[str] = "entry_newer"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"The entry {what}.", remedy="Use a newer Clearglass.")


class ReceiptError(LogError):
    """A receipt is malformed, or does not prove what it says."""

    code: ClassVar[str] = "receipt_invalid"

    def __init__(self, what: str) -> None:
        super().__init__(f"The receipt is not valid: {what}.", remedy="Ask whoever gave it to you for it again.")


class LogChangedError(LogError):
    """The entries of a log are not those that its checkpoint covers."""

    code: ClassVar[str] = "log_changed"

    def __init__(self, message: str) -> None:
        super().__init__(message, remedy="Check the log by `clearglass audit verify`: it says where it was changed.")
