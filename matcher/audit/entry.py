"""One entry of the audit log: what was done, when, and by whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

Body = Mapping[str, Any]
"""What an entry says beside its kind and time: JSON values only."""

MAX_ENTRY_BYTES = 65_535
"""An entry bundle of C2SP tlog-tiles gives each entry a 16-bit length."""


class EntryKind(StrEnum):
    """What an entry is about."""

    REQUEST = "request"
    OUTCOME = "outcome"
    REVIEW = "review"
    ENROLMENT = "enrolment"
    WITHDRAWAL = "withdrawal"
    ERASURE = "erasure"
    CONSENT = "consent"
    MODEL = "model"
    CAMERA = "camera"
    LOGIN = "login"
    ACCOUNT = "account"
    LOG_READ = "log_read"
    START = "start"
    STOP = "stop"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """An entry as it stands in the log. `data` is its leaf: RFC 8785 canonical JSON of version, time, kind and body."""

    index: int
    time: datetime
    kind: EntryKind
    body: Body
    data: bytes
