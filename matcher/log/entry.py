"""One entry of the audit log: what was done, when, and by whom; and its leaf, the bytes that stand in the tree."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from matcher.log.errors import EntryInvalidError
from matcher.timestamp import format_time, parse_time
from matcher.tlog.canonical import canonical

VERSION = 1
Body = Mapping[str, Any]
"""What an entry says beside its kind and time: JSON values only."""

MAX_ENTRY_BYTES = 65_535
"""An entry bundle of C2SP tlog-tiles gives each entry a 16-bit length."""


class EntryKind(StrEnum):
    """What an entry is about."""

    REQUEST = "request"
    OUTCOME = "outcome"
    ALERT = "alert"
    REVIEW = "review"
    ENROLMENT = "enrolment"
    WITHDRAWAL = "withdrawal"
    ERASURE = "erasure"
    CONSENT = "consent"
    DECLARATION = "declaration"
    MODEL = "model"
    CAMERA = "camera"
    KEY = "key"
    CLOCK = "clock"
    LOGIN = "login"
    ACCOUNT = "account"
    CREDENTIAL = "credential"
    LOG_READ = "log_read"
    GALLERY_READ = "gallery_read"
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


def encode(moment: datetime, kind: EntryKind, body: Body) -> bytes:
    """The leaf: RFC 8785 canonical JSON of version, time, kind and body. Raises EntryInvalidError."""
    entry = {"version": VERSION, "time": format_time(moment), "kind": kind.value, "body": dict(body)}
    try:
        data = canonical(entry)
    except ValueError as error:
        raise EntryInvalidError(
            f"An entry of kind {kind} has no canonical JSON form.", remedy="This is a fault in Clearglass: report it."
        ) from error
    if len(data) > MAX_ENTRY_BYTES:
        raise EntryInvalidError(
            f"An entry of kind {kind} would have {len(data):,} bytes; {MAX_ENTRY_BYTES:,} is the most.",
            remedy="Do it in smaller parts.",
        )
    return data


def decode(data: bytes) -> tuple[datetime, EntryKind, dict[str, Any]]:
    """Time, kind and body of a leaf. Raises ValueError if it is not one that `encode` makes."""
    value = json.loads(data)
    if not isinstance(value, dict) or set(value) != {"version", "time", "kind", "body"} or value["version"] != VERSION:
        raise ValueError("not an entry of this version")
    if not isinstance(value["body"], dict) or not isinstance(value["time"], str):
        raise ValueError("not an entry of this version")
    return parse_time(value["time"]), EntryKind(value["kind"]), value["body"]


def answered(kind: EntryKind, body: Body) -> int | None:
    """The index of the request that an entry ends; None if it ends none."""
    request = body.get("request") if kind in {EntryKind.OUTCOME, EntryKind.FAILURE} else None
    return request if isinstance(request, int) else None
