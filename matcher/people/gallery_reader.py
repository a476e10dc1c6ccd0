"""Reads the gallery's subjects, consents and references from the database, and unseals them."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from matcher.consent.consent import Consent, NewConsent, begun, permits, require_active
from matcher.log.log import AuditLog
from matcher.people import records
from matcher.people.consent_evidence import evidence_salt
from matcher.people.errors import SubjectWithdrawnError
from matcher.people.listed_subject import ListedSubject
from matcher.people.reference import KnownReference, Reference
from matcher.people.subject import Subject
from matcher.probe.probe import Query
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.engine import driver, driver_sql
from matcher.store.sealing import MasterKey, SealingKey
from matcher.time_zone import time_zone

# Searches run this for each that is found: by SQLAlchemy it would cost several times what SQLite itself takes.
_KNOWN = driver_sql(
    select(tables.reference.c.id, tables.reference.c.subject_id).where(
        tables.reference.c.number == bindparam("reference")
    )
)


class GalleryReader:
    """The reading methods of the gallery, which need no state in memory. Safe to use from several threads."""

    def __init__(self, database: Database, master_key: MasterKey, log: AuditLog, zone: ZoneInfo) -> None:
        """zone: the site's, where a camera names none."""
        self._database = database
        self._master_key = master_key
        self._log = log
        self._zone = zone

    def zone(self, name: str | None) -> ZoneInfo:
        """The time zone in which the hours of consents are read: the named one; for None the site's."""
        return self._zone if name is None else time_zone(name)

    def subjects(self, *, withdrawn: bool = False, limit: int | None = None, offset: int = 0) -> list[ListedSubject]:
        """One page of subjects, or all, oldest first; withdrawn ones, who have no name, only on request."""
        query = records.subjects_page(withdrawn=withdrawn, limit=limit, offset=offset)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [records.listed_subject_of(row, self._key_of(row.id, row.wrapped)) for row in rows]

    def subject_count(self) -> int:
        """The number of subjects who have not withdrawn."""
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

    def names(self, subject_ids: Collection[str]) -> dict[str, str | None]:
        """The names of these subjects by id, None after withdrawal; unknown ids are left out. At most 1,000 at once."""
        subject = tables.subject.c
        query = select(subject.id, subject.sealed_name, tables.subject_key.c.wrapped).select_from(
            tables.subject.outerjoin(tables.subject_key)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.where(subject.id.in_(subject_ids))).all()
        return {row.id: records.name_of(row, self._key_of(row.id, row.wrapped)) for row in rows}

    def consent(self, consent_id: str) -> Consent:
        """One consent, over and withdrawn ones too. Raises ConsentUnknownError."""
        with self._database.reading() as connection:
            return records.read_consent(connection, consent_id)

    def evidence_salt(self, consent_id: str) -> bytes | None:
        """The salt of the log's commitment to the consent's evidence; None once the subject has withdrawn.

        Raises ConsentUnknownError, SealError.
        """
        with self._database.reading() as connection:
            subject_id = records.read_consent(connection, consent_id).subject_id
            try:
                return evidence_salt(self.subject_key(connection, subject_id), consent_id)
            except SubjectWithdrawnError:
                return None

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
            rows = connection.execute(query.order_by(tables.reference.c.number)).all()
        return [records.reference_of(row) for row in rows]

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

    def known(self, connection: Connection, number: int) -> KnownReference | None:
        """By what the reference with this number is known, as of this transaction; None if it is gone."""
        row = driver(connection).execute(_KNOWN, (number,)).fetchone()
        return None if row is None else KnownReference(number=number, id=row[0], subject_id=row[1])

    def permitted(self, connection: Connection, subject_id: str, query: Query, moment: datetime) -> bool:
        """Whether the subject may be found, by what is committed at this very transaction."""
        zone, consents = self.zone(query.time_zone), records.read_consents(connection, subject_id)
        return permits(consents, camera=query.camera, purpose=query.purpose, moment=moment, zone=zone)

    def permitted_then(
        self, connection: Connection, subject_id: str, *, camera: str, purpose: str, moment: datetime, zone: ZoneInfo
    ) -> bool:
        """True if the subject could be found at an earlier moment; later changes of the consents do not count."""
        consents = records.read_consents(connection, subject_id)
        return any(
            one.recorded_at <= moment and one.covers(camera=camera, purpose=purpose, moment=moment, zone=zone)
            for one in consents
        )

    def subject_key(self, connection: Connection, subject_id: str) -> SealingKey:
        """The key under which a subject's data is sealed. Raises SubjectUnknownError or SubjectWithdrawnError."""
        return records.load_subject_key(connection, self._master_key, subject_id)

    def require_admissible(self, consent: NewConsent) -> None:
        """Raises as `admit` would for this consent, so that a caller can check it before it processes pictures."""
        with self._database.reading() as connection:
            begun(consent, subject_id="", moment=self._log.moment(connection))

    def require_consented(self, subject_id: str) -> None:
        """Raises as `add_references` would for this subject, so that a caller can check it before it processes
        pictures."""
        with self._database.reading() as connection:
            records.load_subject_key(connection, self._master_key, subject_id)
            require_active(records.read_consents(connection, subject_id), self._log.moment(connection))

    def _key_of(self, subject_id: str, wrapped: bytes | None) -> SealingKey | None:
        if wrapped is None:
            return None
        return self._master_key.unwrap(wrapped, context=records.key_context(subject_id))
