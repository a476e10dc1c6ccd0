"""The gallery's changes in the database: a row contains a revision and the subject that it changed, and nothing else.
The content of a change is read from the subject's present records. So a follower that reads late receives nothing of a
person who has withdrawn since, and the rows need no erasure.
"""

from collections.abc import Iterator
from operator import itemgetter

import numpy as np
from sqlalchemy import Connection, bindparam, insert, literal_column, select, update

from matcher.people import records
from matcher.people.change import AddedReferences, Change
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.engine import driver, driver_sql
from matcher.store.sealing import MasterKey

PAGE = 256
"""Revisions that are read in one transaction: a long one would hold up erasures."""

_CHANGE, _REFERENCE = tables.change.c, tables.reference.c

# Run by the driver: each change runs these, and SQLAlchemy would take several times as long as SQLite itself.
_NEXT = driver_sql(update(tables.gallery).values(revision=tables.gallery.c.revision + literal_column("1")))
_REVISION = driver_sql(select(tables.gallery.c.revision))
_NOTE = driver_sql(insert(tables.change).values(revision=bindparam("number"), subject_id=bindparam("subject")))


class StoredChanges:
    """The changes of one data folder. Safe to use from several threads, and beside another process that writes."""

    def __init__(self, database: Database, master_key: MasterKey, *, model_digest: str) -> None:
        """model_digest: references of other models are left out."""
        self._database = database
        self._master_key = master_key
        self._model_digest = model_digest

    def since(self, revision: int) -> Iterator[Change]:
        """The changes after this revision, in order. After the last one a follower has the gallery's newest state. Each
        contains all present records of its subject, so a subject with several changes may come once, with the last of
        them. Raises SealError, StoreError.
        """
        while page := self._page(revision):
            yield from page
            revision = page[-1].revision

    def _page(self, after: int) -> list[Change]:
        rows = select(_CHANGE.subject_id, _CHANGE.revision).where(_CHANGE.revision > after)
        with self._database.reading() as connection:
            found = connection.execute(rows.order_by(_CHANGE.revision).limit(PAGE)).all()
            newest = {row.subject_id: row.revision for row in found}
            return [self._change(connection, *one) for one in sorted(newest.items(), key=itemgetter(1))]

    def _change(self, connection: Connection, subject_id: str, revision: int) -> Change:
        if records.require_subject(connection, subject_id).withdrawn_at is not None:
            return Change(revision=revision, subject_id=subject_id, withdrawn=True)
        return Change(
            revision=revision,
            subject_id=subject_id,
            added=self._references(connection, subject_id),
            consents=tuple(records.read_consents(connection, subject_id)),
        )

    def _references(self, connection: Connection, subject_id: str) -> AddedReferences:
        found = select(_REFERENCE.number, _REFERENCE.id, _REFERENCE.sealed_template).where(
            _REFERENCE.subject_id == subject_id, _REFERENCE.model_digest == self._model_digest
        )
        rows = connection.execute(found.order_by(_REFERENCE.number)).all()
        return AddedReferences(
            numbers=np.array([row.number for row in rows], dtype=np.int64),
            ids=[row.id for row in rows],
            model_digest=self._model_digest,
            sealed=[row.sealed_template for row in rows],
            key=records.load_subject_key(connection, self._master_key, subject_id).exported(),
        )


def note_change(connection: Connection, subject_id: str) -> int:
    """Stores the gallery's next revision as one that changes this subject."""
    raw = driver(connection)
    raw.execute(_NEXT)
    (revision,) = raw.execute(_REVISION).fetchone()
    raw.execute(_NOTE, (revision, subject_id))
    return int(revision)
