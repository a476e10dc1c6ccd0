"""Opens the sealed templates of all references, block by block: most of the work of starting with a large gallery."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import bindparam, select

from matcher.columns.vectors import Numbers, Vectors
from matcher.consent.scope import reference_digest
from matcher.people import records
from matcher.recognition.packed_template import NUMBER, packed_numbers
from matcher.store import tables
from matcher.store.engine import driver_sql
from matcher.store.sealing import MasterKey, SealingKey

BLOCK = 256
"""The number of reference numbers in one block: several blocks fit into the pipe of a helper, so that it seldom
waits."""

# As constant SQL by the driver: there may be millions of rows. The picture beside a template stays on the disk. Keys
# are read all at once, which is far quicker than to look each of them up.
_KEYS = driver_sql(select(tables.subject_key.c.subject_id, tables.subject_key.c.wrapped))
_REFERENCES = driver_sql(
    select(
        tables.reference.c.number,
        tables.reference.c.id,
        tables.reference.c.subject_id,
        tables.reference.c.model_digest,
        tables.reference.c.sealed_template,
    )
    .where(tables.reference.c.number >= bindparam("first"), tables.reference.c.number < bindparam("end"))
    .order_by(tables.reference.c.number)
)


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedReferences:
    """n searchable references without their templates, in order of their numbers.

    numbers: (n,). subjects: the ids of their subjects. digests: 32 bytes each, which name them in the gallery's content
    hash. stale: how many more there are, made by another model.
    """

    numbers: Numbers
    subjects: Sequence[str]
    digests: Sequence[bytes]
    stale: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Unsealed:
    """References and their templates. vectors: (n, d) float32, in each row the vectors of one, one behind the other."""

    references: LoadedReferences
    vectors: Vectors


class Unsealer:
    """Reads one consistent state of the database: the connection's, while its transaction lasts."""

    def __init__(
        self, connection: sqlite3.Connection, master_key: MasterKey, model_digest: str, dimensions: Mapping[str, int]
    ) -> None:
        self._connection = connection
        self._master_key = master_key
        self._model_digest = model_digest
        self._dimensions = dimensions
        self._wrapped: Mapping[str, bytes] = dict(connection.execute(_KEYS))

    def block(self, number: int) -> Unsealed:
        """The block with this number: the BLOCK references from number × BLOCK on. Raises SealError."""
        rows = self._connection.execute(_REFERENCES, (number * BLOCK, (number + 1) * BLOCK)).fetchall()
        return unseal(rows, self._key_of, self._model_digest, self._dimensions)

    def _key_of(self, subject_id: str) -> SealingKey:
        return self._master_key.unwrap(self._wrapped[subject_id], context=records.key_context(subject_id))


def unseal(
    rows: Iterable[Any], key_of: Callable[[str], SealingKey], model_digest: str, dimensions: Mapping[str, int]
) -> Unsealed:
    """Opens references. rows: number, id, subject id, model digest and sealed template of each. key_of: the key of a
    subject, by its id. dimensions: of the model's vectors, by embedder. Raises SealError."""
    keys: dict[str, SealingKey] = {}  # a subject's references mostly stand together
    numbers, subjects, digests, packed, stale = [], [], [], [], 0
    for number, reference_id, subject_id, digest, sealed in rows:
        if digest != model_digest:
            stale += 1
            continue
        key = keys.get(subject_id)
        if key is None:
            key = keys[subject_id] = key_of(subject_id)
        numbers.append(number)
        subjects.append(subject_id)
        digests.append(reference_digest(reference_id, subject_id, digest, sealed))
        opened = records.open_template(key, reference_id, digest, sealed)
        packed.append(packed_numbers(opened, dimensions))
    return Unsealed(
        references=LoadedReferences(
            numbers=np.array(numbers, dtype=np.int64), subjects=subjects, digests=digests, stale=stale
        ),
        vectors=np.frombuffer(b"".join(packed), dtype=NUMBER).reshape(len(packed), sum(dimensions.values())),
    )
