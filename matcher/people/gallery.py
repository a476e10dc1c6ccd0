"""The gallery: subjects, their consents and their references. The database is the truth.

Every change is one transaction with its log entry. It yields a Change, which the followers apply, in order of revision,
before the call returns. A follower that raises does not fail the call (see `change_feed.py`). Nobody is found without
consent meanwhile: the transaction of a search's outcome asks the database. Lock order: `_changing` before the
database's writer. The followers' own locks are the innermost.
"""

import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, insert, update

from matcher.columns.selection import Selection
from matcher.consent.consent import Consent, NewConsent, begun, recorded, require_active
from matcher.consent.scope import Scope
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.metrics import MatcherMetrics
from matcher.people import records
from matcher.people.change import AddedReferences, Change, Follower
from matcher.people.change_feed import ChangeFeed
from matcher.people.consent_index import ConsentIndex
from matcher.people.duplicate import DuplicateCheck
from matcher.people.erasure import destroy, finish_erasures
from matcher.people.gallery_reader import GalleryReader
from matcher.people.loading import begin, load
from matcher.people.stored_changes import StoredChanges, note_change
from matcher.people.subject import Subject
from matcher.people.template_source import TemplateFollower
from matcher.probe.probe import Query
from matcher.probe.sample import FaceSample
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.sealing import MasterKey, SealingKey

_TEMPLATES = "vectors"
"""The name of the follower that holds the templates."""


class Gallery(GalleryReader):
    """Subjects, consents and references of one data folder. Safe to use from several threads.

    Searches read its state in memory; all other readers use the methods that it inherits. Only this class changes them.
    """

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        log: AuditLog,
        templates: TemplateFollower,
        *,
        model_digest: str,
        zone: ZoneInfo,
        metrics: MatcherMetrics | None = None,
    ) -> None:
        """Loads consents and templates.

        templates: holds those of one model. model_digest: of that model; references of others stay in the database but
        are not searchable; `stale` counts them. zone: the site's time zone, where a camera names none.
        """
        super().__init__(database, master_key, log, zone)
        self._model_digest = model_digest
        self._changing = threading.RLock()
        begin(database)
        loaded = load(database, master_key, templates)
        self._book, self.stale = loaded.book, loaded.stale
        self._stored = StoredChanges(database, master_key, model_digest=model_digest)
        self._feed = ChangeFeed(self._stored.since, metrics=metrics)
        # The book last: what it allows can be found and scored.
        self.follow(_TEMPLATES, templates)
        self.follow("consents", ConsentIndex(self._book))
        if metrics is not None:
            metrics.index_size.set_function(lambda: self.size)

    # --- in memory -------------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """The revision: it grows by one with every change."""
        return self._book.revision

    @property
    def size(self) -> int:
        """How many references are searchable."""
        return self._book.size

    def scope(self, query: Query, moment: datetime) -> Scope:
        """The scope of this search, if it is made at this moment."""
        zone = self.zone(query.time_zone)
        return self._book.scope(camera=query.camera, purpose=query.purpose, moment=moment, zone=zone)

    def references_of(self, subject_ids: Iterable[str]) -> Selection:
        """The references that these subjects have now, whatever their consents say."""
        return self._book.references_of(subject_ids)

    # --- following -------------------------------------------------------------------------------------------------

    def follow(self, name: str, follower: Follower) -> None:
        """Adds a follower, which receives each change after the followers before it. name: for metrics and messages."""
        with self._changing:
            self._feed.follow(name, follower, revision=self.revision)

    def catch_up(self) -> None:
        """Gives the follower that holds the templates what it missed, if its last attempt failed.

        Searches call this before they begin. It must not be called inside a transaction that writes.
        """
        if _TEMPLATES in self._feed.behind:
            with self._changing:
                self._feed.catch_up(_TEMPLATES)

    def changes(self, since: int) -> Iterator[Change]:
        """The changes after a revision, as the database keeps them: see `StoredChanges.since`."""
        return self._stored.since(since)

    @property
    def followers_behind(self) -> tuple[str, ...]:
        """The names of the followers that failed to apply the newest change."""
        return self._feed.behind

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
                references, added = self._add(connection, subject_id, key, samples, moment)
                revision = note_change(connection, subject_id)
                body = self._enrolment(
                    subject_id, references, actor=actor, refused=refused, check=check, revision=revision
                )
                self._log.append(connection, EntryKind.ENROLMENT, body | {"consent": records.consent_body(record, key)})
            change = Change(revision=revision, subject_id=subject_id, added=added, consents=(record,), made_at=moment)
            self._feed.hand_on(change)
        return Subject(id=subject_id, name=name, created_at=moment), record, references

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
                references, added = self._add(connection, subject_id, key, samples, moment)
                revision = note_change(connection, subject_id)
                body = self._enrolment(
                    subject_id, references, actor=actor, refused=refused, check=check, revision=revision
                )
                self._log.append(connection, EntryKind.ENROLMENT, body)
            self._feed.hand_on(Change(revision=revision, subject_id=subject_id, added=added, made_at=moment))
        return references

    def grant(self, subject_id: str, consent: NewConsent, actor: str) -> Consent:
        """One more consent.

        Raises ConsentInvalidError, ConsentExpiredError, SubjectUnknownError or SubjectWithdrawnError.
        """
        with self._changing:
            with self._log.writing() as connection:
                key = records.load_subject_key(connection, self._master_key, subject_id)
                moment = self._log.moment(connection)
                record = recorded(consent, subject_id=subject_id, moment=moment)
                records.insert_consent(connection, record)
                revision = note_change(connection, subject_id)
                body = {"action": "granted", "subject": subject_id, "actor": actor, "revision": revision}
                self._log.append(connection, EntryKind.CONSENT, body | {"consent": records.consent_body(record, key)})
            self._feed.hand_on(Change(revision=revision, subject_id=subject_id, consents=(record,), made_at=moment))
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
                revision = note_change(connection, record.subject_id)
                body = {"action": "withdrawn", "subject": record.subject_id, "actor": actor, "revision": revision}
                self._log.append(connection, EntryKind.CONSENT, body | {"consent": {"id": consent_id}})
            self._feed.hand_on(
                Change(revision=revision, subject_id=record.subject_id, consents=(record,), made_at=moment)
            )
        return record

    def withdraw(self, subject_id: str, actor: str) -> None:
        """Erases a subject: when it returns, key, name, references and sealed evidence are gone from index and disk.

        Raises SubjectUnknownError, SubjectWithdrawnError, LogUnavailableError (then nothing was done), or
        ErasurePendingError: withdrawn and not searchable, but old bytes could not be overwritten yet; call it again.
        """
        with self._changing:
            change = None
            with self._log.writing() as connection:
                row = records.require_subject(connection, subject_id)
                if row.erased_at is not None:
                    raise records.withdrawn(subject_id)
                if row.withdrawn_at is None:
                    references = destroy(connection, subject_id, self._log.moment(connection))
                    revision = note_change(connection, subject_id)
                    body = {
                        "subject": subject_id,
                        "actor": actor,
                        "reference_count": references,
                        "revision": revision,
                    }
                    self._log.append(connection, EntryKind.WITHDRAWAL, body)
                    change = Change(revision=revision, subject_id=subject_id, withdrawn=True)
            if change is not None:
                self._feed.hand_on(change)
            finish_erasures(self._database, self._log)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _add(
        self,
        connection: Connection,
        subject_id: str,
        key: SealingKey,
        samples: Sequence[FaceSample],
        moment: datetime,
    ) -> tuple[tuple[str, ...], AddedReferences]:
        """Writes references; their ids, in the samples' order, and what followers need of them."""
        added = [records.insert_reference(connection, subject_id, key, sample, moment) for sample in samples]
        numbers, ids, sealed = zip(*added, strict=True)
        references = AddedReferences(
            numbers=np.array(numbers, dtype=np.int64),
            ids=ids,
            model_digest=self._model_digest,
            sealed=sealed,
            key=key.exported(),
        )
        return ids, references

    def _enrolment(
        self,
        subject_id: str,
        references: Sequence[str],
        *,
        actor: str,
        refused: Mapping[str, int],
        check: DuplicateCheck | None,
        revision: int,
    ) -> dict[str, Any]:
        body = {
            "subject": subject_id,
            "references": list(references),
            "refused": dict(refused),
            "model_digest": self._model_digest,
            "actor": actor,
            "revision": revision,
        }
        if check is None:
            return body
        return body | {"checks": list(check.searches), "acknowledged": list(check.subjects)}
