"""One entry by itself: whether it is one, and what of it other entries are held against. In whatever process."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from matcher.log.entry import MAX_ENTRY_BYTES, EntryKind, decoded
from matcher.log.errors import EntryNewerError
from matcher.log.schema import violation
from matcher.timestamp import format_time
from matcher.tlog.canonical import canonical

_FACTS: Mapping[EntryKind, tuple[str, ...]] = {
    EntryKind.OUTCOME: ("request",),
    EntryKind.FAILURE: ("request",),
    EntryKind.CLOCK: ("last_time",),
    EntryKind.REVIEW: ("alert", "actor", "status"),
    EntryKind.ENROLMENT: ("revision",),
    EntryKind.CONSENT: ("revision",),
    EntryKind.WITHDRAWAL: ("revision",),
}
"""What of a body stands in relation to other entries."""


class Fault(NamedTuple):
    """What is wrong with an entry. code: for programs. what: for people, as the end of a sentence."""

    code: str
    what: str


class Said(NamedTuple):
    """What an entry says. time: as it stands there. facts: of its body, in the newest version's form."""

    time: str
    kind: EntryKind
    facts: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()


def examine(leaf: bytes) -> Said | Fault:
    """What the leaf says; a fault if it is no entry, or one that cannot be read here."""
    if len(leaf) > MAX_ENTRY_BYTES:
        return _MALFORMED
    try:
        value = json.loads(leaf)
        entry, form = decoded(value), canonical(value)
    except EntryNewerError as error:
        return Fault("entry_newer", f"{error.what}: use a newer one")
    except (ValueError, RecursionError):
        return _MALFORMED
    faults: list[Fault] = []
    if form != leaf:
        faults.append(Fault("entry_not_canonical", "is not canonical JSON"))
    departs = violation(leaf, entry.version)
    if departs is not None:
        faults.append(Fault("entry_invalid", f"is not as its schema says, at {departs}"))
    facts = {name: entry.body[name] for name in _FACTS.get(entry.kind, ()) if name in entry.body}
    return Said(format_time(entry.time), entry.kind, facts, tuple(faults))


_MALFORMED = Fault("entry_malformed", "is not a valid entry")
