"""Searches that the rules allow and that an auditor should ask to have explained."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection, select

from matcher.audit.searches import Ending, LoggedSearch, SearchFilter, every_search
from matcher.consent.rule import ENROLMENT
from matcher.log.entry import EntryKind, decode
from matcher.log.version import Body
from matcher.store import tables
from matcher.store.database import Database

_ENTRY = tables.audit_entry.c
_SHOWN = 20
LoggedEntry = tuple[int, datetime, Body]
"""An entry's index, its time and its body."""

_CHECK_SPAN = timedelta(hours=1)
"""The longest time between a check that found somebody and the enrolment that it belongs to."""

_CAMERA = "camera"
"""The role of searches that cameras make by themselves, by day and by night and without a case."""


@dataclass(frozen=True, kw_only=True)
class UnusualRules:
    """The rules for unusual searches. min_repeats: the least number of searches by one actor that found the same
    person. min_pictures: the least number of pictures of enrolled people that one actor saw. night: its first hour and
    the hour at which it ends, in `zone`."""

    min_repeats: int = 5
    min_pictures: int = 100
    night: tuple[int, int] = (22, 6)
    zone: tzinfo


@dataclass(kw_only=True)
class Unusual:
    """One finding. code: for programs. indexes: of its entries, the first of them."""

    code: str
    message: str
    count: int = 0
    indexes: list[int] = field(default_factory=list)

    def add(self, index: int) -> None:
        """Counts an entry."""
        self.count += 1
        if len(self.indexes) < _SHOWN:
            self.indexes.append(index)


def unusual(database: Database, rules: UnusualRules, *, since: datetime, until: datetime) -> list[Unusual]:
    """The findings in that time, the kind with the most entries first; a kind without entries is left out."""
    wanted = SearchFilter(since=since, until=until)
    found = [*_searches(database, rules, wanted)]
    with database.reading() as connection:
        enrolments = list(_entries(connection, EntryKind.ENROLMENT, since, until))
        found += [_loosened(connection, since, until), _refused_logins(connection, since, until)]
        found += [_resumed(connection, since, until), *_looks(connection, rules, since, until)]
    found += [_twice(enrolments), _without_enrolment(database, wanted, enrolments)]
    return sorted((one for one in found if one.count), key=lambda one: -one.count)


def _searches(database: Database, rules: UnusualRules, wanted: SearchFilter) -> Iterator[Unusual]:
    caseless = Unusual(code="no_case", message="Searches by people that name no case.")
    nightly = Unusual(code="at_night", message="Searches by people at night.")
    failed = Unusual(code="failed", message="Searches that were refused or failed.")
    again: dict[tuple[str, str], Unusual] = {}
    crowds: dict[str, Unusual] = {}
    for search in every_search(database, wanted):
        if search.ending is Ending.FAILED:
            failed.add(search.request_index)
        if search.role == _CAMERA or search.camera == ENROLMENT:
            continue
        if search.case_reference is None:
            caseless.add(search.request_index)
        if _within(search.time.astimezone(rules.zone).hour, rules.night):
            nightly.add(search.request_index)
        if search.photograph is not None:
            crowds.setdefault(search.photograph, _crowd(search)).add(search.request_index)
        if search.subject is not None:
            again.setdefault((search.actor, search.subject), _again(search)).add(search.request_index)
    yield from (caseless, nightly, failed, *crowds.values())
    yield from (one for one in again.values() if one.count >= rules.min_repeats)


def _twice(enrolments: Sequence[LoggedEntry]) -> Unusual:
    found = Unusual(code="second_name", message="Enrolments of people who seemed to be enrolled under another name.")
    for index, _, body in enrolments:
        if body.get("acknowledged"):
            found.add(index)
    return found


def _without_enrolment(database: Database, wanted: SearchFilter, enrolments: Sequence[LoggedEntry]) -> Unusual:
    """The check compares with everybody whose consent is in force, for any purpose, so it must not become a way to
    search for people. A check is explained by the enrolment that names it, or by a later one of the same actor within
    _CHECK_SPAN that adds pictures to the person found or acknowledges them.
    """
    found = Unusual(
        code="check_without_enrolment", message="Checks at enrolment that found somebody, and nobody was enrolled."
    )
    named = {check for _, _, body in enrolments for check in body.get("checks", ())}
    for search in every_search(database, replace(wanted, camera=ENROLMENT, ending=Ending.FOUND)):
        if search.request_index not in named and not any(_explains(enrolment, search) for enrolment in enrolments):
            found.add(search.request_index)
    return found


def _explains(enrolment: LoggedEntry, search: LoggedSearch) -> bool:
    index, time, body = enrolment
    subjects = (body["subject"], *body.get("acknowledged", ()))
    soon = index > search.request_index and time - search.time <= _CHECK_SPAN
    return soon and body["actor"] == search.actor and search.subject in subjects


def _again(search: LoggedSearch) -> Unusual:
    return Unusual(code="again", message=f"{search.actor} searched again and again, and found {search.subject} first.")


def _crowd(search: LoggedSearch) -> Unusual:
    return Unusual(code="crowd", message=f"{search.actor} searched for everybody in a photograph.")


def _within(hour: int, night: tuple[int, int]) -> bool:
    begin, end = night
    return begin <= hour < end if begin <= end else hour >= begin or hour < end


def _loosened(connection: Connection, since: datetime, until: datetime) -> Unusual:
    """Starts with a higher threshold than the start before, which makes more comparisons mated."""
    found = Unusual(code="threshold_loosened", message="The threshold was changed so that more people are found.")
    for index, _, body in _entries(connection, EntryKind.MODEL, since, until):
        before, after = body["before"], body["after"]
        compared = [(one["model_digest"], one["fusion"]) for one in (before, after)]
        if compared[0] != compared[1] or before["operating_point"] is None:
            continue  # another model's dissimilarities are other numbers, and another fusion's
        if after["operating_point"]["threshold"] > before["operating_point"]["threshold"]:
            found.add(index)
    return found


def _refused_logins(connection: Connection, since: datetime, until: datetime) -> Unusual:
    found = Unusual(code="login_refused", message="Logins that were refused.")
    for index, _, body in _entries(connection, EntryKind.LOGIN, since, until):
        if body["action"] == "refused":
            found.add(index)
    return found


def _resumed(connection: Connection, since: datetime, until: datetime) -> Unusual:
    """A search by time does not find entries that were dated by a clock that ran ahead."""
    message = "The log was resumed after a clock that ran ahead: the entries before it have times that were wrong."
    found = Unusual(code="clock_resumed", message=message)
    for index, _, _ in _entries(connection, EntryKind.CLOCK, since, until):
        found.add(index)
    return found


def _looks(connection: Connection, rules: UnusualRules, since: datetime, until: datetime) -> Iterator[Unusual]:
    """Actors who looked at many enrolled faces outside of alerts, or at people at night."""
    nightly = Unusual(code="looked_at_night", message="Looks at enrolled people, names or pictures, at night.")
    counts: Counter[str] = Counter()
    entries: dict[str, list[int]] = {}
    for index, time, body in _entries(connection, EntryKind.GALLERY_READ, since, until):
        if _within(time.astimezone(rules.zone).hour, rules.night):
            nightly.add(index)
        looked = body["seen"].get("reference_pictures", 0)
        if looked:
            counts[body["actor"]] += looked
            entries.setdefault(body["actor"], []).append(index)
    yield nightly
    for actor, count in counts.items():
        if count >= rules.min_pictures:
            message = f"{actor} looked at {count} pictures of enrolled people."
            found = Unusual(code="looked_at_many", message=message)
            for index in entries[actor]:
                found.add(index)
            yield found


def _entries(connection: Connection, kind: EntryKind, since: datetime, until: datetime) -> Iterator[LoggedEntry]:
    within = (_ENTRY.kind == kind.value, _ENTRY.time >= since, _ENTRY.time < until)
    for index, data in connection.execute(select(_ENTRY.index, _ENTRY.data).where(*within).order_by(_ENTRY.index)):
        entry = decode(data)
        yield index, entry.time, entry.body
