"""What a search of an earlier moment might look at, by what is still kept: who has withdrawn since is not in it."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select, true

from matcher.columns.selection import Selection
from matcher.consent.hours import hours_of
from matcher.consent.rule import ANY_CAMERA, ENROLMENT, Week
from matcher.store import tables

_REFERENCE, _CONSENT = tables.reference.c, tables.consent.c


def past_selection(
    connection: Connection, *, camera: str, purpose: str, moment: datetime, zone: ZoneInfo, model_digest: str
) -> Selection:
    """The numbers of the references, made by that model, that there were at that moment and that a consent covered.

    zone: by whose clocks the search read the hours of consents.
    """
    # By SQLite: of a million references, with their consents, Python would make objects for many seconds. The numbers
    # stand in the index of subjects, so that templates are read past once only, for the few that do not belong to it.
    covered = select(_CONSENT.subject_id).where(
        _CONSENT.purpose == purpose,
        _CONSENT.recorded_at <= moment,
        _covers(camera, moment),
        true() if camera == ENROLMENT else _at_its_hours(connection, moment, zone),
    )
    other = tables.reference.alias().c
    others = select(other.number).where(or_(other.created_at > moment, other.model_digest != model_digest))
    # In one text: as rows they would take longer than the search for them.
    numbers = select(func.group_concat(_REFERENCE.number)).where(
        _REFERENCE.subject_id.in_(covered), _REFERENCE.number.not_in(others)
    )
    found = connection.execute(numbers).scalar()
    return Selection.of(map(int, found.split(",")) if found else ())


def _covers(camera: str, moment: datetime) -> ColumnElement[bool]:
    """What the consent rule says of a consent for the purpose that is asked for, but for its hours."""
    place = func.json_each(_CONSENT.cameras).table_valued("value")
    there = exists(select(place.c.value).where(place.c.value.in_([camera, ANY_CAMERA])).correlate(tables.consent))
    return (
        or_(_CONSENT.withdrawn_at.is_(None), _CONSENT.withdrawn_at > moment)
        & (_CONSENT.valid_from <= moment)
        & (_CONSENT.valid_until > moment)
        & (true() if camera == ENROLMENT else there)
    )


def _at_its_hours(connection: Connection, moment: datetime, zone: ZoneInfo) -> ColumnElement[bool]:
    """Whether the moment is in a consent's hours, or it has none. SQLite knows no time zones: the rule decides here."""
    named = connection.execute(select(_CONSENT.times).distinct().where(_CONSENT.times.is_not(None))).scalars()
    covering = [text for text in named if Week.of(hours_of(json.loads(text))).covers(moment, zone)]
    texts = func.json_each(json.dumps(covering)).table_valued("value")
    return or_(_CONSENT.times.is_(None), _CONSENT.times.in_(select(texts.c.value)))
