"""Reads consents and references into memory, at start."""

import gc
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest

from sqlalchemy import func, insert, select

from matcher.consent.scope import ConsentBook
from matcher.people import records
from matcher.people.template_source import TemplateFollower, TemplateSource
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.sealing import MasterKey


@dataclass(frozen=True, kw_only=True, eq=False)
class Loaded:
    """A gallery in memory. stale: how many references were passed over because another model made them."""

    book: ConsentBook
    stale: int


def load(database: Database, master_key: MasterKey, templates: TemplateFollower) -> Loaded:
    """Everybody who has not withdrawn, at the revision that the book has; writes nothing. Raises SealError.

    The gallery must have been begun (`begin`). templates: has loaded its templates when this returns.
    """
    with _lasting(), database.reading() as connection:
        gallery = connection.execute(select(tables.gallery)).one()
        end = (connection.execute(select(func.max(tables.reference.c.number))).scalar() or 0) + 1
        source = TemplateSource(
            folder=database.folder, master_key=master_key.exported(), revision=gallery.revision, end=end
        )
        # Twice as much as is needed: the first enrolment after a start must not move everything.
        book, stale = ConsentBook(gallery.id, gallery.revision, capacity=2 * end), 0
        # By turns: else the processes that open templates would wait.
        for loaded, consents in zip_longest(templates.load(source), records.every_consent(connection)):
            if consents is not None:
                book.update(gallery.revision, consents=consents)
            if loaded is not None:
                named = zip(loaded.subjects, loaded.digests, strict=True)
                book.update(gallery.revision, references=dict(zip(loaded.numbers.tolist(), named, strict=True)))
                stale += loaded.stale
        return Loaded(book=book, stale=stale)


@contextmanager
def _lasting() -> Iterator[None]:
    """For what makes millions of objects that stay: they are not gone through for garbage, now or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def begin(database: Database) -> None:
    """Gives the gallery its id and revision 0, where it has none yet."""
    with database.writing() as connection:
        if connection.execute(select(tables.gallery.c.id)).first() is None:
            connection.execute(insert(tables.gallery).values(id=str(uuid.uuid4()), revision=0))
