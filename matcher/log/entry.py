"""One entry of the audit log: what was done, when, and by whom; and its leaf, the bytes that stand in the tree."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

from matcher.log.errors import EntryInvalidError, EntryNewerError
from matcher.log.version import NEWEST, VERSIONS, Body
from matcher.timestamp import parse_time
from matcher.tlog.canonical import canonical

SALT_BYTES = 16

MAX_ENTRY_BYTES = 65_535
"""An entry bundle of C2SP tlog-tiles gives each entry a 16-bit length."""

_SHOWN = 40
"""Characters of an unknown kind that an error shows."""


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


class Decoded(NamedTuple):
    """What a leaf says. version: its own. body: in the newest version's form."""

    version: int
    time: datetime
    kind: EntryKind
    body: Body


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """An entry as it stands in the log.

    data: its leaf, RFC 8785 canonical JSON of version, time, kind, salt and body. version: the leaf's. body: what the
    leaf says, in the form of the newest version.
    """

    index: int
    version: int
    time: datetime
    kind: EntryKind
    body: Body
    data: bytes

    @classmethod
    def of(cls, index: int, leaf: bytes) -> Self:
        """The entry of a leaf. Raises as `decode` does."""
        return cls(index=index, data=leaf, **decode(leaf)._asdict())


def encode(time: str, kind: EntryKind, body: Body) -> bytes:
    """A new leaf, of the newest version: the same is never made twice, since its salt is random. time: as `format_time`
    writes it.

    Raises EntryInvalidError.
    """
    entry = {
        "version": NEWEST,
        "time": time,
        "kind": kind.value,
        "salt": os.urandom(SALT_BYTES).hex(),
        "body": dict(body),
    }
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


def decode(leaf: bytes) -> Decoded:
    """What a leaf of any version says. Its body is not held against a schema here.

    Raises EntryNewerError for a version or a kind that is not known here, ValueError for what is no leaf.
    """
    return decoded(json.loads(leaf))


def decoded(value: Any) -> Decoded:
    """As `decode`, of a leaf that was read as JSON."""
    number = value.get("version") if isinstance(value, dict) else None
    if type(number) is not int or number < 1:
        raise ValueError("no entry: it names no version")
    version = VERSIONS.get(number)
    if version is None:
        known = " and ".join(map(str, VERSIONS))
        raise EntryNewerError(f"has version {number}; this Clearglass reads versions {known}")
    time, kind, body = value.get("time"), value.get("kind"), value.get("body")
    texts = isinstance(time, str) and isinstance(kind, str)
    if set(value) != version.fields or not texts or not isinstance(body, dict):
        raise ValueError("no entry: it has not the fields of its version")
    return Decoded(version=number, time=parse_time(time), kind=_kind(kind), body=version.lifted(kind, body))


def _kind(name: str) -> EntryKind:
    try:
        return EntryKind(name)
    except ValueError:
        raise EntryNewerError(f"is of the kind {name[:_SHOWN]!r}, which this Clearglass does not know") from None


def answered(kind: EntryKind, body: Body) -> int | None:
    """The index of the request that an entry ends; None if it ends none."""
    request = body.get("request") if kind in {EntryKind.OUTCOME, EntryKind.FAILURE} else None
    return request if isinstance(request, int) else None
