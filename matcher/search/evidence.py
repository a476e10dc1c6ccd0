"""What a search was made with: the commitment to it that stands in the log, and the sealed proof of a match.

The commitment is HMAC-SHA256(salt, blob). Salt and blob are kept, sealed under the first candidate's key, only if
somebody was found; else they are dropped, and the commitment is a number that says nothing.
"""

import hmac
import os
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from sqlalchemy import Connection, insert, select

from matcher.probe.probe import Probe
from matcher.recognition.packed_template import Layout, packed, unpacked
from matcher.recognition.template import Template
from matcher.store import tables
from matcher.store.engine import driver, driver_sql
from matcher.store.sealing import SealingKey

SALT_BYTES = 32
_DIGEST_BYTES = 32
_KEEP = driver_sql(insert(tables.evidence))


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """A probe as it was searched with, and the salt of its commitment.

    blob: the model's digest (32 bytes), the packed template (`matcher.recognition.packed_template`), and the JPEG of
    the face, which is empty if there was none.
    """

    salt: bytes
    blob: bytes

    @classmethod
    def of(cls, probe: Probe) -> Self:
        """With a new random salt."""
        digest = bytes.fromhex(probe.template.model_digest)
        return cls(salt=os.urandom(SALT_BYTES), blob=digest + packed(probe.template) + (probe.crop or b""))

    @property
    def template(self) -> Template:
        """The probe's. Raises ValueError."""
        return unpacked(self.blob[_DIGEST_BYTES:], self.blob[:_DIGEST_BYTES].hex())

    @property
    def crop(self) -> bytes:
        """The JPEG. Raises ValueError."""
        rest = self.blob[_DIGEST_BYTES:]
        return rest[Layout.of(rest).end :]

    @property
    def commitment(self) -> str:
        """Hex HMAC-SHA256(salt, blob)."""
        return hmac.new(self.salt, self.blob, sha256).hexdigest()

    def keep(self, connection: Connection, request_index: int, subject_id: str, key: SealingKey) -> None:
        """Stores it, sealed under the subject's key."""
        sealed = key.seal(self.salt + self.blob, context=_context(request_index))
        driver(connection).execute(_KEEP, (request_index, subject_id, sealed))


def read_evidence(connection: Connection, request_index: int, key: SealingKey) -> Evidence | None:
    """The evidence of a search; None if it found nobody or the subject has withdrawn. Raises SealError."""
    sealed = connection.execute(
        select(tables.evidence.c.sealed).where(tables.evidence.c.request_index == request_index)
    ).scalar()
    if sealed is None:
        return None
    opened = key.open(sealed, context=_context(request_index))
    return Evidence(salt=opened[:SALT_BYTES], blob=opened[SALT_BYTES:])


def _context(request_index: int) -> str:
    return f"evidence:{request_index}"
