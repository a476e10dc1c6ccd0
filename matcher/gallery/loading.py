"""Reads templates and consents into memory, at start."""

import gc
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, func, insert, select

from matcher.gallery import records
from matcher.gallery.index import DIMENSION
from matcher.gallery.scope import ConsentBook, reference_digest
from matcher.gallery.templates import KeptTemplates
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.engine import driver, driver_sql
from matcher.store.sealing import MasterKey, SealingKey

_BATCH = 4096

# As constant SQL by the driver: at start there are millions of rows. The picture beside a template stays on the disk.
_REFERENCES = driver_sql(
    select(
        tables.reference.c.number,
        tables.reference.c.id,
        tables.reference.c.subject_id,
        tables.reference.c.model_digest,
        tables.reference.c.sealed_template,
        tables.subject_key.c.wrapped,
    )
    .join(tables.subject_key, tables.subject_key.c.subject_id == tables.reference.c.subject_id)
    .order_by(tables.reference.c.number)
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Loaded:
    """A gallery in memory. stale: how many references were passed over because another model made them."""

    book: ConsentBook
    templates: KeptTemplates
    stale: int


def load(database: Database, master_key: MasterKey, *, model_digest: str) -> Loaded:
    """Everybody who has not withdrawn. Raises SealError."""
    _begin(database)
    with _lasting(), database.reading() as connection:
        gallery = connection.execute(select(tables.gallery)).one()
        book = ConsentBook(gallery.id, gallery.revision)
        book.update(gallery.revision, consents=records.every_consent(connection))
        most = connection.execute(select(func.max(tables.reference.c.number))).scalar() or 0
        templates = KeptTemplates(2 * most + 1)  # the first enrolment after a start shall not have to move them all
        stale = _load_references(connection, master_key, templates, book, model_digest)
        return Loaded(book=book, templates=templates, stale=stale)


@contextmanager
def _lasting() -> Iterator[None]:
    """For what makes millions of objects that stay: they are not gone through for garbage, now or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _begin(database: Database) -> None:
    with database.writing() as connection:
        if connection.execute(select(tables.gallery.c.id)).first() is None:
            connection.execute(insert(tables.gallery).values(id=str(uuid.uuid4()), revision=0))


def _load_references(
    connection: Connection, master_key: MasterKey, templates: KeptTemplates, book: ConsentBook, model_digest: str
) -> int:
    stale = 0
    cursor = driver(connection).execute(_REFERENCES)
    while rows := cursor.fetchmany(_BATCH):
        keys: dict[str, SealingKey] = {}  # a subject's references mostly stand together
        found, packed = {}, []
        for number, reference_id, subject_id, digest, sealed, wrapped in rows:
            if digest != model_digest:
                stale += 1
                continue
            key = keys.get(subject_id)
            if key is None:
                key = keys[subject_id] = master_key.unwrap(wrapped, context=records.key_context(subject_id))
            packed.append(records.open_template(key, reference_id, digest, sealed))
            found[number] = (subject_id, reference_digest(reference_id, subject_id, digest, sealed))
        vectors = np.frombuffer(b"".join(packed), dtype=records.VECTOR).reshape(len(packed), 2 * DIMENSION)
        templates.put(np.array(list(found), dtype=np.int64), [subject_id for subject_id, _ in found.values()], vectors)
        book.update(book.revision, references=found)
    return stale
