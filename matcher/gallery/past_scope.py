"""What a search of an earlier moment might look at, by what is still kept: who has withdrawn since is not in it."""

from datetime import datetime

from sqlalchemy import Connection, select

from matcher.gallery.records import consents_then
from matcher.gallery.selection import Selection
from matcher.store import tables

_REFERENCE = tables.reference.c


def past_selection(
    connection: Connection, *, camera: str, purpose: str, moment: datetime, model_digest: str
) -> Selection:
    """The numbers of the references, made by that model, that there were at that moment and that a consent covered."""
    covered = {
        consent.subject_id
        for consent in consents_then(connection, purpose=purpose, moment=moment)
        if consent.covers(camera=camera, purpose=purpose, moment=moment)
    }
    there = select(_REFERENCE.number, _REFERENCE.subject_id).where(
        _REFERENCE.created_at <= moment, _REFERENCE.model_digest == model_digest
    )
    return Selection.of([row.number for row in connection.execute(there) if row.subject_id in covered])
