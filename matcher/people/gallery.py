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
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from matcher.columns.vectors import Numbers
from matcher.consent.consent import Consent, NewConsent, begun, recorded, require_active
from matcher.consent.consents import Consents
from matcher.consent.scope import Scope, reference_digest
from matcher.index.index import StartingIndex
from matcher.index.templates import Templates
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.metrics import MatcherMetrics
from matcher.people import records
from matcher.people.duplicate import DuplicateCheck
from matcher.people.erasure import destroy, finish_erasures
from matcher.people.errors import ErasurePendingError
from matcher.people.gallery_memory import GalleryMemory
from matcher.people.gallery_reader import GalleryReader
from matcher.people.loading import load
from matcher.people.subject import Subject
from matcher.probe.probe import Query
from matcher.probe.sample import FaceSample
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.sealing import MasterKey, SealingKey


class Gallery(GalleryReader):
    """Subjects, consents and references of one data folder. Safe to use from several threads.

    Searches read it in memory, everybody else by what it inherits; only it changes them.
    """

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        log: AuditLog,
        index: StartingIndex,
        *,
        model_digest: str,
        zone: ZoneInfo,
        metrics: MatcherMetrics | None = None,
    ) -> None:
        """Builds the index from the database and finishes erasures that the last run began, if no reader is in the way.

        model_digest: references of other models stay in the database but are not searchable; `stale` counts them.
        zone: the site's time zone, where a camera names none.
        """
        super().__init__(database, master_key, log, zone)
        self._model_digest = model_digest
        self._changing = threading.RLock()
        loaded = load(database, master_key, model_digest=model_digest)
        self._memory, self.stale = GalleryMemory(loaded, index, metrics), loaded.stale
        # A reader in the way (a backup, an audit) delays the erasure to the next withdrawal or start, not the service.
        with suppress(ErasurePendingError):
            finish_erasures(database, log)

    # --- in memory -------------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        return self._memory.book.revision

    @property
    def size(self) -> int:
        """How many references are searchable."""
        return self._memory.book.size

    def scope(self, query: Query, moment: datetime) -> Scope:
        """What this search may look at, if it is made at this moment."""
        zone = self.zone(query.time_zone)
        return self._memory.book.scope(camera=query.camera, purpose=query.purpose, moment=moment, zone=zone)

    def templates(self, numbers: Numbers) -> Templates:
        """The templates with these numbers, in their order; those that are gone by now are not in it."""
        return self._memory.templates.of(numbers)

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
            self._memory.enrolled(revision, subject_id, added, samples, moment, consents=Consents.of([record]))
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
            self._memory.enrolled(revision, subject_id, added, samples, moment)
        return tuple(reference_id for reference_id, _ in added.values())

    def grant(self, subject_id: str, consent: NewConsent, actor: str) -> Consent:
        """One more consent.

        Raises ConsentInvalidError, ConsentExpiredError, SubjectUnknownError or SubjectWithdrawnError.
        """
        with self._changing:
            with self._log.writing() as connection:
                records.load_subject_key(connection, self._master_key, subject_id)
                moment = self._log.moment(connection)
                record = recorded(consent, subject_id=subject_id, moment=moment)
                records.insert_consent(connection, record)
                revision = _next_revision(connection)
                body = {"action": "granted", "subject": subject_id, "actor": actor, "revision": revision}
                self._log.append(connection, EntryKind.CONSENT, body | {"consent": records.consent_body(record)})
            self._memory.consented(revision, Consents.of([record]), moment)
        return record

    def withdraw_consent(self, consent_id: str, actor: str) -> Consent:
        """Ends one consent at once and for good; a second time changes nothing. Raises ConsentUnknownError."""
        with self._changing:
            with self._log.writing() as connection:
                record = records.read_consent(connection, consent_id)
                if record.withdrawn_at is not None:
                    return record
                moment = self._log.moment(connection)
                record = replace(record, withdrawn_at=moment)
                connection.execute(
                    update(tables.consent).where(tables.consent.c.id == consent_id).values(withdrawn_at=moment)
                )
                revision = _next_revision(connection)
                body = {"action": "withdrawn", "subject": record.subject_id, "actor": actor, "revision": revision}
                self._log.append(connection, EntryKind.CONSENT, body | {"consent": {"id": consent_id}})
            self._memory.consented(revision, Consents.of([record]), moment)
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
            self._memory.withdrew(revision, subject_id, numbers)
            finish_erasures(self._database, self._log)

    # --- inside ----------------------------------------------------------------------------------------------------

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


def _next_revision(connection: Connection) -> int:
    connection.execute(update(tables.gallery).values(revision=tables.gallery.c.revision + 1))
    return int(connection.execute(select(tables.gallery.c.revision)).scalar_one())
