"""What a search of an earlier moment might look at, by what is still kept: who has withdrawn since is not in it."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select, true

from matcher.columns.selection import Selection
from matcher.consent.consent import ANY_CAMERA, ENROLMENT
from matcher.store import tables

_REFERENCE, _CONSENT = tables.reference.c, tables.consent.c


def past_selection(
    connection: Connection, *, camera: str, purpose: str, moment: datetime, model_digest: str
) -> Selection:
    """The numbers of the references, made by that model, that there were at that moment and that a consent covered."""
    # By SQLite: of a million references, with their consents, Python would make objects for many seconds. The numbers
    # stand in the index of subjects, so that templates are read past once only, for the few that do not belong to it.
    covered = select(_CONSENT.subject_id).where(
        _CONSENT.purpose == purpose, _CONSENT.recorded_at <= moment, _covers(camera, moment)
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
    """What `Consent.covers` says of a consent for the purpose that is asked for."""
    place = func.json_each(_CONSENT.cameras).table_valued("value")
    there = exists(select(place.c.value).where(place.c.value.in_([camera, ANY_CAMERA])).correlate(tables.consent))
    return (
        or_(_CONSENT.withdrawn_at.is_(None), _CONSENT.withdrawn_at > moment)
        & (_CONSENT.valid_from <= moment)
        & (_CONSENT.valid_until > moment)
        & (true() if camera == ENROLMENT else there)
    )
