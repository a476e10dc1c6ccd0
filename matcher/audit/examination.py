"""Checks one entry by itself, and takes from it the facts by which entries are compared. Runs in any process."""

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
"""The fields of a body that refer to other entries."""


class EntryFault(NamedTuple):
    """A fault of an entry. code: for programs. what: for people, the end of a sentence."""

    code: str
    what: str


class EntryFacts(NamedTuple):
    """The parts of an entry that are compared with other entries. time: as `format_time` writes it. facts: of its
    body."""

    time: str
    kind: EntryKind
    facts: Mapping[str, Any]
    faults: tuple[EntryFault, ...] = ()


def examine(leaf: bytes) -> EntryFacts | EntryFault:
    """The facts of a leaf's entry, or its fault if it is no valid entry or of a newer version."""
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
