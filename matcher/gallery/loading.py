"""Builds the index and the consent book from the database, at start."""

import uuid

import numpy as np
from sqlalchemy import Connection, insert, select

from matcher.gallery import records
from matcher.gallery.index import IndexWriter, Vectors
from matcher.gallery.scope import ConsentBook, reference_digest
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.sealing import MasterKey, SealingKey

_BATCH = 4096


def load(
    database: Database, master_key: MasterKey, index: IndexWriter, *, model_digest: str
) -> tuple[ConsentBook, int]:
    """The book, and how many references were passed over because another model made them. Raises SealError."""
    _begin(database)
    with database.reading() as connection:
        gallery = connection.execute(select(tables.gallery)).one()
        book = ConsentBook(gallery.id, gallery.revision)
        joined = tables.consent.join(tables.subject, tables.subject.c.id == tables.consent.c.subject_id)
        rows = connection.execute(
            select(tables.consent).select_from(joined).where(tables.subject.c.withdrawn_at.is_(None))
        )
        book.update(gallery.revision, consents=[records.consent_of(row) for row in rows])
        return book, _load_references(connection, master_key, index, book, model_digest)


def _begin(database: Database) -> None:
    with database.writing() as connection:
        if connection.execute(select(tables.gallery.c.id)).first() is None:
            connection.execute(insert(tables.gallery).values(id=str(uuid.uuid4()), revision=0))


def _load_references(
    connection: Connection, master_key: MasterKey, index: IndexWriter, book: ConsentBook, model_digest: str
) -> int:
    keys: dict[str, SealingKey] = {}
    numbers: list[int] = []
    vectors: list[Vectors] = []
    stale = 0
    query = select(*records.TEMPLATE_COLUMNS, tables.subject_key.c.wrapped).join(
        tables.subject_key, tables.subject_key.c.subject_id == tables.reference.c.subject_id
    )
    for rows in connection.execute(query.order_by(tables.reference.c.number)).partitions(_BATCH):
        found = {}
        for row in rows:
            if row.model_digest != model_digest:
                stale += 1
                continue
            if row.subject_id not in keys:
                context = records.key_context(row.subject_id)
                keys[row.subject_id] = master_key.unwrap(row.wrapped, context=context)
            vectors.append(records.kept_template_of(row, keys[row.subject_id]).template.sface)
            digest = reference_digest(row.id, row.subject_id, row.model_digest, row.sealed_template)
            found[row.number] = (row.subject_id, digest)
        numbers += found
        book.update(book.revision, references=found)
    if numbers:  # all at once: an index that grew step by step would be built several times
        index.add(numbers, np.stack(vectors))
    return stale
