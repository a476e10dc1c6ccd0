"""One entry by itself: whether it is one, and the facts that other entries are held against. In any process."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic_core import from_json

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


class EntryFault(NamedTuple):
    """What is wrong with an entry. code: for programs. what: for people, as the end of a sentence."""

    code: str
    what: str


class EntryFacts(NamedTuple):
    """What of an entry is held against others. time: in the one form of times. facts: of its body."""

    time: str
    kind: EntryKind
    facts: Mapping[str, Any]
    faults: tuple[EntryFault, ...] = ()


def examine(leaf: bytes) -> EntryFacts | EntryFault:
    """The facts of a leaf's entry; a fault if it is no entry, or one that cannot be read here."""
    if len(leaf) > MAX_ENTRY_BYTES:
        return _MALFORMED
    try:
        value = from_json(leaf, allow_inf_nan=False)  # in a third of the time that json.loads takes
        entry, form = decoded(value), canonical(value)
    except EntryNewerError as error:
        return EntryFault("entry_newer", f"{error.what}: use a newer one")
    except (ValueError, RecursionError):
        return _MALFORMED
    faults: list[EntryFault] = []
    if form != leaf:
        faults.append(EntryFault("entry_not_canonical", "is not canonical JSON"))
    departs = violation(leaf, entry.version)
    if departs is not None:
        faults.append(EntryFault("entry_invalid", f"is not as its schema says, at {departs}"))
    facts = {name: entry.body[name] for name in _FACTS.get(entry.kind, ()) if name in entry.body}
    return EntryFacts(format_time(entry.time), entry.kind, facts, tuple(faults))


_MALFORMED = EntryFault("entry_malformed", "is not a valid entry")
