"""What a search of an earlier moment might look at, by what is still kept: a subject who has withdrawn is not in it."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, or_, select, true

from matcher.columns.selection import Selection
from matcher.consent.hours import hours_of
from matcher.consent.rule import ANY_CAMERA, ENROLMENT, Week
from matcher.store import tables

_REFERENCE, _CONSENT = tables.reference.c, tables.consent.c


def past_selection(
    connection: Connection,
    references_of: Callable[[Iterable[str]], Selection],
    *,
    camera: str,
    purpose: str,
    moment: datetime,
    zone: ZoneInfo,
) -> Selection:
    """The numbers of the references in memory that there were at that moment and that a consent covered.

    references_of: those that some subjects have now. zone: by whose clocks the search read the hours of consents.
    """
    # SQLite answers for consents, the memory for references: their rows hold templates, and to read past a million of
    # them takes a second. Ids in one text, because as rows they would take three times as long.
    covered = select(func.group_concat(_CONSENT.subject_id)).where(
        _CONSENT.purpose == purpose,
        _CONSENT.recorded_at <= moment,
        or_(_CONSENT.withdrawn_at.is_(None), _CONSENT.withdrawn_at > moment),
        _CONSENT.valid_from <= moment,
        _CONSENT.valid_until > moment,
        true() if camera == ENROLMENT else _there(connection, camera),
        true() if camera == ENROLMENT else _at_its_hours(connection, moment, zone),
    )
    later = select(_REFERENCE.number).where(_REFERENCE.created_at > moment)
    subject_ids = connection.execute(covered).scalar()
    there = references_of(subject_ids.split(",") if subject_ids else ())
    return there.changed(connection.execute(later).scalars(), included=False)


def _there(connection: Connection, camera: str) -> ColumnElement[bool]:
    """Whether a consent is for this camera, or for any."""
    return _one_of(connection, _CONSENT.cameras, lambda cameras: camera in cameras or ANY_CAMERA in cameras)


def _at_its_hours(connection: Connection, moment: datetime, zone: ZoneInfo) -> ColumnElement[bool]:
    """Whether the moment is in a consent's hours, or it has none. SQLite knows no time zones: the rule decides here."""
    covering = _one_of(connection, _CONSENT.times, lambda times: Week.of(hours_of(times)).covers(moment, zone))
    return or_(_CONSENT.times.is_(None), covering)


def _one_of(connection: Connection, column: ColumnElement[Any], fits: Callable[[Any], bool]) -> ColumnElement[bool]:
    """Whether the JSON in a column of consents fits. Many consents have the same, which is looked at once."""
    texts = connection.execute(select(column).distinct().where(column.is_not(None))).scalars()
    fitting = func.json_each(json.dumps([text for text in texts if fits(json.loads(text))])).table_valued("value")
    return column.in_(select(fitting.c.value))
