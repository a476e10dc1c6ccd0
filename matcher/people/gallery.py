"""The gallery: who agreed to be found, for what, and what they are found by. The database is the truth.

Every change is one transaction with its log entry; the index and the consent book follow before the call returns.
Lock order: `_changing` before the database's writer. The book's and the index's own locks are the innermost.
"""

import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, insert, select, update

from matcher.columns.vectors import Numbers
from matcher.consent.consent import Consent, NewConsent, begun, recorded, require_active
from matcher.consent.consents import Consents
from matcher.consent.scope import Scope, permits, reference_digest
from matcher.index.index import StartingIndex
from matcher.index.templates import Templates
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.metrics import MatcherMetrics
from matcher.people import records
from matcher.people.duplicate import DuplicateCheck
from matcher.people.erasure import destroy, finish_erasures
from matcher.people.errors import ErasurePendingError
from matcher.people.listed_subject import ListedSubject
from matcher.people.loading import load
from matcher.people.reference import KnownReference, Reference
from matcher.people.subject import Subject
from matcher.probe.sample import FaceSample
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.sealing import MasterKey, SealingKey


class Gallery:
    """Subjects, consents and references of one data folder. Safe to use from several threads."""

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        log: AuditLog,
        index: StartingIndex,
        *,
        model_digest: str,
        metrics: MatcherMetrics | None = None,
    ) -> None:
        """Builds the index from the database and finishes erasures that the last run began, if no reader is in the way.

        model_digest: references of other models stay in the database but are not searchable; `stale` counts them.
        """
        self._database = database
        self._master_key = master_key
        self._log = log
        self._index = index
        self._model_digest = model_digest
        self._metrics = metrics
        self._changing = threading.RLock()
        loaded = load(database, master_key, model_digest=model_digest)
        self._book, self._templates, self.stale = loaded.book, loaded.templates, loaded.stale
        index.start(self._templates.searched)
        self._measure()
        # A reader in the way (a backup, an audit) delays the erasure to the next withdrawal or start, not the service.
        with suppress(ErasurePendingError):
            finish_erasures(database, log)

    # --- reading ---------------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        return self._book.revision

    @property
    def size(self) -> int:
        """How many references are searchable."""
        return self._book.size

    def scope(self, *, camera: str, purpose: str, moment: datetime) -> Scope:
        """What a search at this camera, for this purpose, at this moment may look at."""
        return self._book.scope(camera=camera, purpose=purpose, moment=moment)

    def subjects(self, *, withdrawn: bool = False, limit: int | None = None, offset: int = 0) -> list[ListedSubject]:
        """A page of everybody, or all of them, oldest first; those who have withdrawn, nameless, only if asked for."""
        query = records.subjects_page(withdrawn=withdrawn, limit=limit, offset=offset)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [records.listed_subject_of(row, self._key_of(row.id, row.wrapped)) for row in rows]

    def subject_count(self) -> int:
        """How many there are who have not withdrawn."""
        query = select(func.count()).select_from(tables.subject).where(tables.subject.c.withdrawn_at.is_(None))
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def subject(self, subject_id: str) -> Subject:
        """One subject, also after withdrawal (then without a name). Raises SubjectUnknownError."""
        with self._database.reading() as connection:
            row = records.require_subject(connection, subject_id)
            wrapped = connection.execute(
                select(tables.subject_key.c.wrapped).where(tables.subject_key.c.subject_id == subject_id)
            ).scalar()
        return records.subject_of(row, self._key_of(subject_id, wrapped))

    def consent(self, consent_id: str) -> Consent:
        """One consent, over and withdrawn ones too. Raises ConsentUnknownError."""
        with self._database.reading() as connection:
            return records.read_consent(connection, consent_id)

    def consents(self, subject_id: str) -> list[Consent]:
        """A subject's consents, oldest first, over and withdrawn ones too. Raises SubjectUnknownError."""
        with self._database.reading() as connection:
            records.require_subject(connection, subject_id)
            return records.read_consents(connection, subject_id)

    def references(self, subject_id: str) -> list[Reference]:
        """A subject's references, oldest first; none after withdrawal. Raises SubjectUnknownError."""
        query = records.SAMPLED.where(tables.reference.c.subject_id == subject_id)
        with self._database.reading() as connection:
            row = records.require_subject(connection, subject_id)
            if row.withdrawn_at is not None:
                return []
            key = records.load_subject_key(connection, self._master_key, subject_id)
            rows = connection.execute(query.order_by(tables.reference.c.number)).all()
        return [records.reference_of(row, key) for row in rows]

    def owner(self, reference_id: str) -> str:
        """The id of the subject whose reference it is. Raises also after withdrawal."""
        with self._database.reading() as connection:
            return str(records.read_sample(connection, reference_id).subject_id)

    def reference_picture(self, reference_id: str) -> bytes:
        """The JPEG that a reference was made from. Raises also after withdrawal."""
        with self._database.reading() as connection:
            row = records.read_sample(connection, reference_id)
            key = records.load_subject_key(connection, self._master_key, row.subject_id)
        return key.open(row.sealed_picture, context=records.picture_context(reference_id))

    def templates(self, numbers: Numbers) -> Templates:
        """The templates with these numbers, in their order; those that are gone by now are not in it."""
        return self._templates.of(numbers)

    def known(self, connection: Connection, number: int) -> KnownReference | None:
        """By what the reference with this number is known, as of this transaction; None if it is gone."""
        return records.read_known(connection, number)

    def permitted(
        self, connection: Connection, subject_id: str, *, camera: str, purpose: str, moment: datetime
    ) -> bool:
        """Whether the subject may be found, by what is committed at this very transaction."""
        consents = records.read_consents(connection, subject_id)
        return permits(consents, camera=camera, purpose=purpose, moment=moment)

    def permitted_then(
        self, connection: Connection, subject_id: str, *, camera: str, purpose: str, moment: datetime
    ) -> bool:
        """Whether the subject might be found at an earlier moment, whatever became of their consents since."""
        consents = records.read_consents(connection, subject_id)
        return any(
            one.recorded_at <= moment and one.covers(camera=camera, purpose=purpose, moment=moment) for one in consents
        )

    def subject_key(self, connection: Connection, subject_id: str) -> SealingKey:
        """The key that what belongs to a subject is sealed with. Raises SubjectUnknown- or SubjectWithdrawnError."""
        return records.load_subject_key(connection, self._master_key, subject_id)

    def require_admissible(self, consent: NewConsent) -> None:
        """Raises as `admit` would for this consent, for who would rather know before looking at pictures."""
        with self._database.reading() as connection:
            begun(consent, subject_id="", moment=self._log.moment(connection))

    def require_consented(self, subject_id: str) -> None:
        """Raises as `add_references` would for this subject, for who would rather know before looking at pictures."""
        with self._database.reading() as connection:
            records.load_subject_key(connection, self._master_key, subject_id)
            require_active(records.read_consents(connection, subject_id), self._log.moment(connection))

    # --- changing --------------------------------------------------------------------------------------------------

    def admit(
        self,
        *,
        name: str,
        consent: NewConsent,
        samples: Sequence[FaceSample],
        actor: str,
        refused: Mapping[str, int],
        check: DuplicateCheck | None = None,
    ) -> tuple[Subject, Consent, tuple[str, ...]]:
        """A new subject with a consent that is active now and at least one sample; all of it or nothing.

        refused: how many pictures were not used, by code. check: the search for duplicates, whose findings the actor
        has acknowledged. Both are for the log. Gives the references' ids as well.
        Raises ConsentInvalidError, ConsentExpiredError or ConsentRequiredError, LogUnavailableError, ClockError.
        """
        subject_id, key = str(uuid.uuid4()), SealingKey.generate()
        with self._changing:
            with self._log.writing() as connection:
                moment = self._log.moment(connection)
                record = begun(consent, subject_id=subject_id, moment=moment)
                sealed_name = key.seal(name.encode(), context=records.name_context(subject_id))
                connection.execute(
                    insert(tables.subject).values(id=subject_id, sealed_name=sealed_name, created_at=moment)
                )
                wrapped = self._master_key.wrap(key, context=records.key_context(subject_id))
                connection.execute(insert(tables.subject_key).values(subject_id=subject_id, wrapped=wrapped))
                records.insert_consent(connection, record)
                added = self._add(connection, subject_id, key, samples, moment)
                revision = _next_revision(connection)
                body = self._enrolment(subject_id, added, actor=actor, refused=refused, check=check, revision=revision)
                self._log.append(connection, EntryKind.ENROLMENT, body | {"consent": records.consent_body(record)})
            self._follow(revision, subject_id, added, samples, consents=Consents.of([record]))
        subject = Subject(id=subject_id, name=name, created_at=moment)
        return subject, record, tuple(reference_id for reference_id, _ in added.values())

    def add_references(
        self,
        subject_id: str,
        *,
        samples: Sequence[FaceSample],
        actor: str,
        refused: Mapping[str, int],
        check: DuplicateCheck | None = None,
    ) -> tuple[str, ...]:
        """More references of a subject who has an active consent; their ids. Raises as `admit` does."""
        with self._changing:
            with self._log.writing() as connection:
                key = records.load_subject_key(connection, self._master_key, subject_id)
                moment = self._log.moment(connection)
                require_active(records.read_consents(connection, subject_id), moment)
                added = self._add(connection, subject_id, key, samples, moment)
                revision = _next_revision(connection)
                body = self._enrolment(subject_id, added, actor=actor, refused=refused, check=check, revision=revision)
                self._log.append(connection, EntryKind.ENROLMENT, body)
            self._follow(revision, subject_id, added, samples)
        return tuple(reference_id for reference_id, _ in added.values())

    def grant(self, subject_id: str, consent: NewConsent, actor: str) -> Consent:
        """One more consent.

        Raises ConsentInvalidError, ConsentExpiredError, SubjectUnknownError or SubjectWithdrawnError.
        """
        with self._changing:
            with self._log.writing() as connection:
                records.load_subject_key(connection, self._master_key, subject_id)
                record = recorded(consent, subject_id=subject_id, moment=self._log.moment(connection))
                records.insert_consent(connection, record)
                revision = _next_revision(connection)
                body = {"action": "granted", "subject": subject_id, "actor": actor, "revision": revision}
                self._log.append(connection, EntryKind.CONSENT, body | {"consent": records.consent_body(record)})
            self._book.update(revision, consents=Consents.of([record]))
        return record

    def withdraw_consent(self, consent_id: str, actor: str) -> Consent:
        """Ends one consent at once and for good; a second time changes nothing. Raises ConsentUnknownError."""
        with self._changing:
            with self._log.writing() as connection:
                record = records.read_consent(connection, consent_id)
                if record.withdrawn_at is not None:
                    return record
                record = replace(record, withdrawn_at=self._log.moment(connection))
                connection.execute(
                    update(tables.consent)
                    .where(tables.consent.c.id == consent_id)
                    .values(withdrawn_at=record.withdrawn_at)
                )
                revision = _next_revision(connection)
                body = {"action": "withdrawn", "subject": record.subject_id, "actor": actor, "revision": revision}
                self._log.append(connection, EntryKind.CONSENT, body | {"consent": {"id": consent_id}})
            self._book.update(revision, consents=Consents.of([record]))
        return record

    def withdraw(self, subject_id: str, actor: str) -> None:
        """Erases a subject: when it returns, key, name, references and sealed evidence are gone from index and disk.

        Raises SubjectUnknownError, SubjectWithdrawnError, LogUnavailableError (then nothing was done), or
        ErasurePendingError: withdrawn and not searchable, but old bytes could not be overwritten yet; call it again.
        """
        with self._changing:
            with self._log.writing() as connection:
                row = records.require_subject(connection, subject_id)
                if row.erased_at is not None:
                    raise records.withdrawn(subject_id)
                if row.withdrawn_at is None:
                    numbers = destroy(connection, subject_id, self._log.moment(connection))
                    revision = _next_revision(connection)
                    body = {"subject": subject_id, "actor": actor, "references": len(numbers), "revision": revision}
                    self._log.append(connection, EntryKind.WITHDRAWAL, body)
                else:
                    numbers, revision = [], self.revision
            gone = np.array(numbers, dtype=np.int64)
            self._index.remove(gone)
            self._templates.drop(gone)
            self._book.update(revision, gone=subject_id)
            self._measure()
            finish_erasures(self._database, self._log)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _key_of(self, subject_id: str, wrapped: bytes | None) -> SealingKey | None:
        return None if wrapped is None else self._unwrap(subject_id, wrapped)

    def _unwrap(self, subject_id: str, wrapped: bytes) -> SealingKey:
        return self._master_key.unwrap(wrapped, context=records.key_context(subject_id))

    def _add(
        self,
        connection: Connection,
        subject_id: str,
        key: SealingKey,
        samples: Sequence[FaceSample],
        moment: datetime,
    ) -> dict[int, tuple[str, bytes]]:
        """Writes references; their ids and digests by number, in the samples' order."""
        added = {}
        for sample in samples:
            number, reference_id, sealed = records.insert_reference(connection, subject_id, key, sample, moment)
            digest = reference_digest(reference_id, subject_id, sample.template.model_digest, sealed)
            added[number] = (reference_id, digest)
        return added

    def _enrolment(
        self,
        subject_id: str,
        added: Mapping[int, tuple[str, bytes]],
        *,
        actor: str,
        refused: Mapping[str, int],
        check: DuplicateCheck | None,
        revision: int,
    ) -> dict[str, Any]:
        body = {
            "subject": subject_id,
            "references": [reference_id for reference_id, _ in added.values()],
            "refused": dict(refused),
            "model_digest": self._model_digest,
            "actor": actor,
            "revision": revision,
        }
        if check is None:
            return body
        return body | {"checks": list(check.searches), "acknowledged": list(check.subjects)}

    def _follow(
        self,
        revision: int,
        subject_id: str,
        added: Mapping[int, tuple[str, bytes]],
        samples: Sequence[FaceSample],
        *,
        consents: Consents | None = None,
    ) -> None:
        """Brings memory to what was committed. The book last: what it allows can be found and scored."""
        templates = [sample.template for sample in samples]
        sface = np.stack([template.sface for template in templates], dtype=np.float32)
        dlib = np.stack([template.dlib for template in templates], dtype=np.float32)
        numbers = np.array(list(added), dtype=np.int64)
        self._templates.put(numbers, [subject_id] * len(added), np.hstack([sface, dlib]))
        self._index.add(numbers, sface)
        references = {number: (subject_id, digest) for number, (_, digest) in added.items()}
        self._book.update(revision, consents=consents, references=references)
        self._measure()

    def _measure(self) -> None:
        if self._metrics is not None:
            self._metrics.index_size.set(self._book.size)


def _next_revision(connection: Connection) -> int:
    connection.execute(update(tables.gallery).values(revision=tables.gallery.c.revision + 1))
    return int(connection.execute(select(tables.gallery.c.revision)).scalar_one())
