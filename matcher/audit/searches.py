"""The searches of a log, filtered by actor, purpose, camera, time and result."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import JSON, ColumnElement, Connection, Row, Select, Text, cast, func, select, type_coerce

from matcher.consent.rule import ENROLMENT
from matcher.log.entry import EntryKind, decode
from matcher.probe.probe import CAMERA_ACTOR
from matcher.store import tables
from matcher.store.database import Database

_REQUEST = tables.audit_entry.alias("request")
_ANSWER = tables.audit_entry.alias("answer")
_BATCH = 1_000


class Ending(StrEnum):
    """The result of a search. A 1:1 comparison that is mated counts as FOUND."""

    FOUND = "found"
    NOBODY = "nobody"
    FAILED = "failed"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class SearchFilter:
    """A filter: a search must meet every condition that is not None.

    cased: whether there is a case reference. subject: who was found, or compared with. since, until: when it was
    logged; until is not within.
    """

    actor: str | None = None
    purpose: str | None = None
    camera: str | None = None
    case_reference: str | None = None
    cased: bool | None = None
    subject: str | None = None
    ending: Ending | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LoggedSearch:
    """A search in one row. A value that is unknown, or belongs to the other kind of search, is None.

    request_index, outcome_index: of its entries. candidates: how many were found; subject, dissimilarity: the first of
    them. failure: the code of what it failed with. photograph: the id that it shares with the searches for the other
    faces of the same photograph. via: the session or token of the actor.
    """

    request_index: int
    outcome_index: int | None
    time: datetime
    search: str
    actor: str
    via: str | None
    role: str
    camera: str
    purpose: str
    case_reference: str | None
    gallery_revision: int
    in_scope: int
    operating_point: str
    threshold: float
    ending: Ending
    candidates: int
    subject: str | None
    dissimilarity: float | None
    failure: str | None
    photograph: str | None

    @classmethod
    def of(cls, request: Row[Any]) -> Self:
        """Builds it from a row: index and leaf of the request and of its outcome."""
        _, moment, _, body = decode(request.data)
        answer = None if request.answer is None else decode(request.answer)
        said = {} if answer is None else answer.body
        candidates = said.get("candidates", [])
        against = (body.get("against") or {}).get("subject")
        if answer is None:
            ending = Ending.OPEN
        elif answer.kind is EntryKind.FAILURE:
            ending = Ending.FAILED
        else:
            ending = Ending.FOUND if candidates or said.get("mated") else Ending.NOBODY
        return cls(
            request_index=request.number,
            outcome_index=request.answer_number,
            time=moment,
            search=body["search"],
            actor=body["actor"],
            via=body.get("via"),
            role=body["role"],
            camera=body["camera"],
            purpose=body["purpose"],
            case_reference=body["case_reference"],
            gallery_revision=body["gallery"]["revision"],
            in_scope=body["gallery"]["in_scope"],
            operating_point=body["operating_point"]["name"],
            threshold=body["operating_point"]["threshold"],
            ending=ending,
            candidates=len(candidates),
            subject=candidates[0]["subject"] if candidates else against,
            dissimilarity=candidates[0]["dissimilarity"] if candidates else said.get("dissimilarity"),
            failure=said.get("code"),
            photograph=(body.get("origin") or {}).get("photograph"),
        )


def searches(
    database: Database, wanted: SearchFilter, *, before: int | None = None, limit: int = 100
) -> list[LoggedSearch]:
    """At most `limit` of the searches that the filter selects, the newest first. before: only those with a lower
    index."""
    query = _rows(wanted).order_by(_REQUEST.c.index.desc()).limit(limit)
    if before is not None:
        query = query.where(_REQUEST.c.index < before)
    with database.reading() as connection:
        return [LoggedSearch.of(row) for row in connection.execute(query)]


def every_search(database: Database, wanted: SearchFilter) -> Iterator[LoggedSearch]:
    """All searches that the filter selects, the newest first."""
    before: int | None = None
    while part := searches(database, wanted, before=before, limit=_BATCH):
        yield from part
        before = part[-1].request_index


def sampled_searches(database: Database, wanted: SearchFilter, *, count: int, seed: int) -> list[LoggedSearch]:
    """A uniform random sample of the searches that the filter selects, ordered by index. The same seed and log give the
    same sample."""
    with database.reading() as connection:
        matching = _matching(select(_REQUEST.c.index), wanted).order_by(_REQUEST.c.index)
        indexes = list(connection.execute(matching).scalars())
        drawn = sorted(random.Random(seed).sample(indexes, min(count, len(indexes))))  # noqa: S311 - no secret
        query = _rows(SearchFilter()).where(_REQUEST.c.index.in_(drawn)).order_by(_REQUEST.c.index)
        return [LoggedSearch.of(row) for row in connection.execute(query)]


def camera_searches(database: Database, since: Sequence[datetime]) -> list[int]:
    """How many identifications the cameras asked for since each of these moments.

    Since the log was last resumed after a clock that ran ahead: from there on entries stand in the order of their time,
    so that the first of them is found by halving, and none before it is read. The field is searched for in the leaf's
    bytes: their form is canonical (RFC 8785), in which a quotation mark within a text follows a backslash, so that no
    text can contain these bytes.
    """
    text = cast(_REQUEST.c.data, Text)
    wanted = (_REQUEST.c.kind == EntryKind.REQUEST.value, *(func.instr(text, said) > 0 for said in _BY_CAMERA))
    with database.reading() as connection:
        firsts = [_first_since(connection, moment) for moment in since]
        counts = [func.count().filter(_REQUEST.c.index >= first) for first in firsts]
        return list(connection.execute(select(*counts).where(*wanted, _REQUEST.c.index >= min(firsts))).one())


LATEST = 20_000
"""How many searches are read for their purposes, which takes some 0.1 s."""


def searched_purposes(database: Database) -> frozenset[str]:
    """The purposes of the latest searches, without the checks at enrolments."""
    latest = (
        select(_REQUEST.c.data)
        .where(_REQUEST.c.kind == EntryKind.REQUEST.value)
        .order_by(_REQUEST.c.index.desc())
        .limit(LATEST)
        .subquery()
    )
    purpose, camera = _body_of(latest.c.data, "purpose"), _body_of(latest.c.data, "camera")
    with database.reading() as connection:
        return frozenset(connection.execute(select(purpose).where(camera != ENROLMENT).distinct()).scalars())


_BY_CAMERA = (f'"actor":"{CAMERA_ACTOR}', '"search":"identify"')


def _first_since(connection: Connection, moment: datetime) -> int:
    """The index of the first entry at that moment or later; one beyond the last if there is none."""
    resumed = select(func.max(_REQUEST.c.index)).where(_REQUEST.c.kind == EntryKind.CLOCK.value)
    low = connection.execute(resumed).scalar() or 0
    high = 1 + (connection.execute(select(func.max(_REQUEST.c.index))).scalar() or 0)
    while low < high:
        middle = (low + high) // 2
        time = connection.execute(select(_REQUEST.c.time).where(_REQUEST.c.index == middle)).scalar()
        if time is not None and time < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _at(column: ColumnElement[Any], *path: str | int) -> Any:
    """The JSON path of a field of a leaf's body."""
    place: Any = type_coerce(cast(column, Text), JSON)["body"]
    for name in path:
        place = place[name]
    return place


def _body_of(column: ColumnElement[Any], *path: str | int) -> ColumnElement[str]:
    """The field's value, as text."""
    text: ColumnElement[str] = _at(column, *path).as_string()
    return text


def _rows(wanted: SearchFilter) -> Select[Any]:
    columns = select(
        _REQUEST.c.index.label("number"),
        _REQUEST.c.data,
        _ANSWER.c.index.label("answer_number"),
        _ANSWER.c.data.label("answer"),
    )
    return _matching(columns, wanted)


def _matching(query: Select[Any], wanted: SearchFilter) -> Select[Any]:
    query = query.select_from(_REQUEST.outerjoin(_ANSWER, _ANSWER.c.request_index == _REQUEST.c.index))
    return query.where(_REQUEST.c.kind == EntryKind.REQUEST.value, *_conditions(wanted))


def _conditions(wanted: SearchFilter) -> Iterator[ColumnElement[bool]]:
    for name in ("actor", "purpose", "camera", "case_reference"):
        value = getattr(wanted, name)
        if value is not None:
            yield _body_of(_REQUEST.c.data, name) == value
    if wanted.cased is not None:
        case = _body_of(_REQUEST.c.data, "case_reference")
        yield case.is_not(None) if wanted.cased else case.is_(None)
    if wanted.subject is not None:
        # An id is a random UUID: where its text stands in an outcome, the outcome is about the subject.
        named = func.instr(cast(_ANSWER.c.data, Text), wanted.subject) > 0
        yield named | (_body_of(_REQUEST.c.data, "against", "subject") == wanted.subject)
    if wanted.since is not None:
        yield _REQUEST.c.time >= wanted.since
    if wanted.until is not None:
        yield _REQUEST.c.time < wanted.until
    if wanted.ending is not None:
        yield from _ended(wanted.ending)


def _ended(ending: Ending) -> Sequence[ColumnElement[bool]]:
    kind = _ANSWER.c.kind
    if ending is Ending.OPEN:
        return [kind.is_(None)]
    if ending is Ending.FAILED:
        return [kind == EntryKind.FAILURE.value]
    mated = _at(_ANSWER.c.data, "mated").as_boolean()
    found = _found().is_not(None) | mated.is_(True)
    return [kind == EntryKind.OUTCOME.value, found if ending is Ending.FOUND else ~found]


def _found() -> ColumnElement[str]:
    return _body_of(_ANSWER.c.data, "candidates", 0, "subject")
