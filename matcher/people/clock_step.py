"""Corrects and finds records of the gallery that were made while the clock ran ahead."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from matcher.store import tables

_REFERENCE, _CONSENT = tables.reference, tables.consent.c


def date_references(connection: Connection, moment: datetime) -> None:
    """Sets creation times of references that lie in the future to now, because a replay selects references by creation
    time."""
    late = _REFERENCE.c.created_at > moment
    connection.execute(update(_REFERENCE).where(late).values(created_at=moment))


def consented_after(connection: Connection, moment: datetime) -> tuple[str, ...]:
    """The ids of subjects with a consent in force that was recorded after this moment, and so begins too late."""
    late = select(_CONSENT.subject_id).where(_CONSENT.recorded_at > moment, _CONSENT.withdrawn_at.is_(None))
    return tuple(connection.execute(late.distinct().order_by(_CONSENT.subject_id)).scalars())
