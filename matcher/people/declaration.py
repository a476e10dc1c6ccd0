"""Groups that people say they belong to, given for one use only: to measure whether they are treated alike.

The log records that a subject declared something, with a commitment to the attributes and never the attributes, because
the log is permanent.
"""

import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from sqlalchemy import delete, insert, select

from matcher.consent.consent import is_active, require_active
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.people.errors import DeclarationInvalidError, DeclarationUnknownError, ErasurePendingError
from matcher.people.gallery import Gallery
from matcher.people.records import read_consents, require_subject
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.errors import StoreError
from matcher.store.sealing import SealingKey
from matcher.tlog.canonical import canonical

Attributes = Mapping[str, str]
"""Declared attributes, such as {"age": "60+"}."""

MOST = 8
LONGEST = 40
SALT_BYTES = 32

_TABLE = tables.declaration


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """The declaration of one subject. salt: of the commitment in the log, which reveals nothing without it."""

    subject_id: str
    attributes: Attributes
    salt: bytes

    @classmethod
    def of(cls, subject_id: str, attributes: Attributes) -> Self:
        """With a new random salt. Raises DeclarationInvalidError."""
        return cls(subject_id=subject_id, attributes=_plain(attributes), salt=os.urandom(SALT_BYTES))

    @property
    def commitment(self) -> str:
        """Hex HMAC-SHA256 under the salt of the attributes' RFC 8785 JSON."""
        return hmac.new(self.salt, canonical(dict(self.attributes)), sha256).hexdigest()

    @property
    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return {"subject": self.subject_id, "attributes": dict(self.attributes), "salt": self.salt.hex()}

    @classmethod
    def of_record(cls, record: Any) -> Self:
        """From what `record` gave. Raises DeclarationInvalidError."""
        try:
            subject, attributes, salt = record["subject"], record["attributes"], bytes.fromhex(record["salt"])
        except (KeyError, TypeError, ValueError) as error:
            raise _invalid("A declaration lacks its subject, its attributes or its salt") from error
        if not isinstance(subject, str) or not isinstance(attributes, dict):
            raise _invalid("A declaration lacks its subject, its attributes or its salt")
        return cls(subject_id=subject, attributes=_plain(attributes), salt=salt)


class Declarations:
    """The declarations of all subjects. Safe to use from several threads."""

    def __init__(self, database: Database, gallery: Gallery, log: AuditLog) -> None:
        self._database = database
        self._gallery = gallery
        self._log = log
        self._waiting: set[str] = set()
        """Subjects whose old bytes wait to be overwritten. It need not outlive the process: each start overwrites
        them."""

    def declare(self, subject_id: str, attributes: Attributes, actor: str) -> Declaration:
        """Stores the attributes, sealed under the subject's key, in place of the earlier declaration; the entry is in
        the log when it returns. The caller is responsible for the subject's agreement to this use. Raises
        DeclarationInvalidError, SubjectUnknownError, SubjectWithdrawnError, ConsentRequiredError, LogUnavailableError;
        ErasurePendingError when it is stored, and the earlier declaration still waits to be overwritten.
        """
        made = Declaration.of(subject_id, attributes)
        with self._log.writing() as connection:
            key = self._gallery.subject_key(connection, subject_id)
            require_active(read_consents(connection, subject_id), self._log.moment(connection))
            sealed = key.seal(json.dumps(made.record).encode(), context=_context(subject_id))
            replaced = connection.execute(delete(_TABLE).where(_TABLE.c.subject_id == subject_id)).rowcount
            connection.execute(insert(_TABLE).values(subject_id=subject_id, sealed=sealed))
            body: dict[str, Any] = {"action": "declared", "subject": subject_id, "actor": actor}
            body |= {"commitment": made.commitment, "agreed": True}
            self._log.append(connection, EntryKind.DECLARATION, body)
        if replaced:
            self._overwrite(subject_id)
        return made

    def remove(self, subject_id: str, actor: str) -> None:
        """Deletes and overwrites a subject's declaration; no later report uses it. Raises SubjectUnknownError,
        DeclarationUnknownError, LogUnavailableError; ErasurePendingError when it is deleted and still waits to be
        overwritten: call it again.
        """
        with self._log.writing() as connection:
            require_subject(connection, subject_id)
            if connection.execute(delete(_TABLE).where(_TABLE.c.subject_id == subject_id)).rowcount:
                body = {"action": "removed", "subject": subject_id, "actor": actor}
                self._log.append(connection, EntryKind.DECLARATION, body)
            elif subject_id not in self._waiting:
                raise _unknown()
        self._overwrite(subject_id)

    def declaration(self, subject_id: str) -> Declaration:
        """A subject's declaration. Raises SubjectUnknownError, SubjectWithdrawnError, DeclarationUnknownError."""
        with self._database.reading() as connection:
            key = self._gallery.subject_key(connection, subject_id)
            query = select(_TABLE.c.sealed).where(_TABLE.c.subject_id == subject_id)
            sealed = connection.execute(query).scalar()
        if sealed is None:
            raise _unknown()
        return _opened(key, subject_id, sealed)

    def every(self) -> list[Declaration]:
        """The present declarations, by subject id, without those of subjects who withdrew or have no active consent.
        Raises ClockError."""
        with self._database.reading() as connection:
            moment = self._log.moment(connection)
            return [
                _opened(self._gallery.subject_key(connection, row.subject_id), row.subject_id, row.sealed)
                for row in connection.execute(select(_TABLE).order_by(_TABLE.c.subject_id)).all()
                if is_active(read_consents(connection, row.subject_id), moment)
            ]

    def _overwrite(self, subject_id: str) -> None:
        """Overwrites the sealed bytes that still stand on the disk after their deletion is committed."""
        self._waiting.add(subject_id)
        waiting = set(self._waiting)
        try:
            if not self._database.overwrite_erased():
                raise _pending("A long reading of the database (an audit or a backup) is in the way.")
        except StoreError as error:
            raise _pending(error.message) from error
        self._waiting -= waiting


def _opened(key: SealingKey, subject_id: str, sealed: bytes) -> Declaration:
    return Declaration.of_record(json.loads(key.open(sealed, context=_context(subject_id))))


def _pending(why: str) -> ErasurePendingError:
    return ErasurePendingError(
        f"What was declared before is in no report any more, but old bytes still wait to be overwritten. {why}",
        remedy="Do the same again in a moment; the next withdrawal or start does it as well.",
    )


def _plain(attributes: Mapping[Any, Any]) -> dict[str, str]:
    """The attributes in the order of their names, if they are valid."""
    if not 0 < len(attributes) <= MOST:
        raise _invalid(f"{len(attributes)} attributes were declared")
    for text in (*attributes, *attributes.values()):
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST or not text.isprintable() or text != text.strip():
            raise _invalid("A name or a value is no short plain text")
    return dict(sorted(attributes.items()))


def _invalid(what: str) -> DeclarationInvalidError:
    return DeclarationInvalidError(
        f"{what}.",
        remedy=f"Declare 1 to {MOST} attributes, such as age=60+; names and values of 1 to {LONGEST} plain characters.",
    )


def _unknown() -> DeclarationUnknownError:
    return DeclarationUnknownError("This subject has declared nothing.", remedy="Nothing is left to do.")


def _context(subject_id: str) -> str:
    return f"declaration:{subject_id}"
