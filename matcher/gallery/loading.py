"""Reads templates and consents into memory, at start."""

import uuid
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, insert, select

from matcher.gallery import records
from matcher.gallery.index import DIMENSION
from matcher.gallery.scope import ConsentBook, reference_digest
from matcher.gallery.templates import KeptTemplates
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.sealing import MasterKey, SealingKey

_BATCH = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class Loaded:
    """A gallery in memory. stale: how many references were passed over because another model made them."""

    book: ConsentBook
    templates: KeptTemplates
    stale: int


def load(database: Database, master_key: MasterKey, *, model_digest: str) -> Loaded:
    """Everybody who has not withdrawn. Raises SealError."""
    _begin(database)
    with database.reading() as connection:
        gallery = connection.execute(select(tables.gallery)).one()
        book = ConsentBook(gallery.id, gallery.revision)
        joined = tables.consent.join(tables.subject, tables.subject.c.id == tables.consent.c.subject_id)
        rows = connection.execute(
            select(tables.consent).select_from(joined).where(tables.subject.c.withdrawn_at.is_(None))
        )
        book.update(gallery.revision, consents=[records.consent_of(row) for row in rows])
        templates = KeptTemplates()
        stale = _load_references(connection, master_key, templates, book, model_digest)
        return Loaded(book=book, templates=templates, stale=stale)


def _begin(database: Database) -> None:
    with database.writing() as connection:
        if connection.execute(select(tables.gallery.c.id)).first() is None:
            connection.execute(insert(tables.gallery).values(id=str(uuid.uuid4()), revision=0))


def _load_references(
    connection: Connection, master_key: MasterKey, templates: KeptTemplates, book: ConsentBook, model_digest: str
) -> int:
    keys: dict[str, SealingKey] = {}
    stale = 0
    query = select(*records.TEMPLATE_COLUMNS, tables.subject_key.c.wrapped).join(
        tables.subject_key, tables.subject_key.c.subject_id == tables.reference.c.subject_id
    )
    for rows in connection.execute(query.order_by(tables.reference.c.number)).partitions(_BATCH):
        found, packed = {}, []
        for row in rows:
            if row.model_digest != model_digest:
                stale += 1
                continue
            if row.subject_id not in keys:
                context = records.key_context(row.subject_id)
                keys[row.subject_id] = master_key.unwrap(row.wrapped, context=context)
            packed.append(records.packed_template(row, keys[row.subject_id]))
            digest = reference_digest(row.id, row.subject_id, row.model_digest, row.sealed_template)
            found[row.number] = (row.subject_id, digest)
        vectors = np.frombuffer(b"".join(packed), dtype=records.VECTOR).reshape(len(packed), 2 * DIMENSION)
        templates.put(np.array(list(found), dtype=np.int64), [subject_id for subject_id, _ in found.values()], vectors)
        book.update(book.revision, references=found)
    return stale
