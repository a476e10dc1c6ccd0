"""One entry by itself: whether it is one, and what of it the story of the log is told by. In whatever process."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from matcher.log.entry import EntryKind, decode, encode
from matcher.log.errors import EntryInvalidError
from matcher.log.schema import violation
from matcher.timestamp import format_time

_FACTS: Mapping[EntryKind, tuple[str, ...]] = {
    EntryKind.OUTCOME: ("request",),
    EntryKind.FAILURE: ("request",),
    EntryKind.CLOCK: ("last_time",),
    EntryKind.REVIEW: ("alert", "reviewer", "status"),
    EntryKind.ENROLMENT: ("revision",),
    EntryKind.CONSENT: ("revision",),
    EntryKind.WITHDRAWAL: ("revision",),
}
"""What of a body stands in relation to other entries."""


class Said(NamedTuple):
    """What an entry says. time: as it stands there. faults: code and, for people, what is wrong with the entry."""

    time: str
    kind: EntryKind
    facts: Mapping[str, Any]
    faults: tuple[tuple[str, str], ...] = ()


def examine(leaf: bytes) -> Said | None:
    """What the leaf says; None if it is no entry."""
    try:
        moment, kind, body = decode(leaf)
        form = encode(moment, kind, body)
    except (ValueError, RecursionError, EntryInvalidError):
        return None
    faults: list[tuple[str, str]] = []
    if form != leaf:
        faults.append(("entry_not_canonical", "is not canonical JSON"))
    departs = violation(leaf)
    if departs is not None:
        faults.append(("entry_invalid", f"is not as its schema says, at {departs}"))
    facts = {name: body[name] for name in _FACTS.get(kind, ()) if name in body}
    return Said(format_time(moment), kind, facts, tuple(faults))
