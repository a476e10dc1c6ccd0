"""The gallery's records in their tables: sealing contexts, and the conversion of rows to objects and back."""

import dataclasses
import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select

from matcher.consent.consent import Consent
from matcher.consent.consents import Consents, times_text
from matcher.consent.errors import ConsentUnknownError
from matcher.consent.hours import hours_json, hours_of
from matcher.people.consent_evidence import evidence_commitment
from matcher.people.errors import ReferenceUnknownError, SubjectUnknownError, SubjectWithdrawnError
from matcher.people.listed_subject import ListedSubject
from matcher.people.reference import Reference
from matcher.people.subject import Subject
from matcher.probe.sample import FaceSample
from matcher.recognition.packed_template import packed
from matcher.recognition.quality import Quality
from matcher.store import tables
from matcher.store.engine import driver, driver_sql
from matcher.store.sealing import MasterKey, SealingKey
from matcher.timestamp import format_time, parse_time

SAMPLED = select(
    tables.reference, tables.reference_sample.c.quality, tables.reference_sample.c.sealed_picture
).join_from(tables.reference, tables.reference_sample)
"""References with what they were made from."""

_BATCH = 4096
"""The number of rows in one read where all rows are read."""

# Searches run these for each candidate: by SQLAlchemy they would take several times as long as SQLite itself.
_CONSENTS = driver_sql(
    select(tables.consent)
    .where(tables.consent.c.subject_id == bindparam("subject"))
    .order_by(tables.consent.c.recorded_at, tables.consent.c.id)
)
_CONSENT = driver_sql(select(tables.consent).where(tables.consent.c.id == bindparam("consent")))
_EVERY_CONSENT = driver_sql(
    # A join would look up each subject; this reads only the few who have withdrawn.
    select(tables.consent).where(
        tables.consent.c.subject_id.not_in(
            select(tables.subject.c.id).where(tables.subject.c.withdrawn_at.is_not(None))
        )
    )
)
_KEY = driver_sql(select(tables.subject_key.c.wrapped).where(tables.subject_key.c.subject_id == bindparam("subject")))


def key_context(subject_id: str) -> str:
    """The sealing context of a wrapped subject key."""
    return f"subject_key:{subject_id}"


def name_context(subject_id: str) -> str:
    """The sealing context of a name."""
    return f"name:{subject_id}"


def template_context(reference_id: str, model_digest: str) -> str:
    """The sealing context of a template; it includes the model, so that a template cannot pass for another model's."""
    return f"template:{reference_id}:{model_digest}"


def picture_context(reference_id: str) -> str:
    """The sealing context of a reference's picture."""
    return f"picture:{reference_id}"


def pack_quality(quality: Quality) -> str:
    """As JSON."""
    return json.dumps({name: float(value) for name, value in dataclasses.asdict(quality).items()}, allow_nan=False)


def subject_of(row: Any, key: SealingKey | None) -> Subject:
    """The subject of a row of its table; without its key it has no name."""
    return Subject(id=row.id, name=name_of(row, key), created_at=row.created_at, withdrawn_at=row.withdrawn_at)


def listed_subject_of(row: Any, key: SealingKey | None) -> ListedSubject:
    """The subject of a row of `subjects_page`."""
    return ListedSubject(
        id=row.id,
        name=name_of(row, key),
        created_at=row.created_at,
        withdrawn_at=row.withdrawn_at,
        references=row.references,
    )


def name_of(row: Any, key: SealingKey | None) -> str | None:
    """The name in a row with a subject's id and sealed name; None without the subject's key."""
    if key is None or row.sealed_name is None:
        return None
    return key.open(row.sealed_name, context=name_context(row.id)).decode()


def subjects_page(*, withdrawn: bool, limit: int | None, offset: int) -> Select[Any]:
    """Subjects in the order of enrolment, each with the wrapped key and the number of references."""
    subject, reference = tables.subject.c, tables.reference.c
    order = (subject.created_at, subject.id)
    # The page is cut from the index alone, before any row or key is read.
    page = select(subject.id).order_by(*order).limit(limit).offset(offset)
    if not withdrawn:
        page = page.where(subject.withdrawn_at.is_(None))
    count = select(func.count()).where(reference.subject_id == subject.id).scalar_subquery()
    return (
        select(tables.subject, tables.subject_key.c.wrapped, count.label("references"))
        .outerjoin(tables.subject_key)
        .where(subject.id.in_(page))
        .order_by(*order)
    )


def _consent(
    consent_id: str,
    subject_id: str,
    purpose: str,
    cameras: str,
    valid_from: str,
    valid_until: str,
    evidence_digest: str,
    recorded_at: str,
    withdrawn_at: str | None,
    times: str | None,
) -> Consent:
    """The consent of what the driver reads: the table's columns in their order, moments and hours as texts."""
    return Consent(
        id=consent_id,
        subject_id=subject_id,
        purpose=purpose,
        cameras=frozenset(json.loads(cameras)),
        valid_from=parse_time(valid_from),
        valid_until=parse_time(valid_until),
        evidence_digest=evidence_digest,
        recorded_at=parse_time(recorded_at),
        withdrawn_at=None if withdrawn_at is None else parse_time(withdrawn_at),
        times=() if times is None else hours_of(json.loads(times)),
    )


def open_template(key: SealingKey, reference_id: str, model_digest: str, sealed: bytes) -> bytes:
    """The packed template of a reference. Raises SealError."""
    return key.open(sealed, context=template_context(reference_id, model_digest))


def reference_of(row: Any) -> Reference:
    """The reference of a row of its table with the quality of its sample."""
    return Reference(
        number=row.number,
        id=row.id,
        subject_id=row.subject_id,
        model_digest=row.model_digest,
        quality=Quality(**json.loads(row.quality)),
        created_at=row.created_at,
    )


def load_subject_key(connection: Connection, master_key: MasterKey, subject_id: str) -> SealingKey:
    """The key of a subject who has not withdrawn. Raises SubjectUnknownError or SubjectWithdrawnError."""
    context, row = key_context(subject_id), driver(connection).execute(_KEY, (subject_id,)).fetchone()
    if row is None:
        require_subject(connection, subject_id)
        raise withdrawn(subject_id)
    return master_key.unwrap(row[0], context=context)


def require_subject(connection: Connection, subject_id: str) -> Any:
    """The row of a subject. Raises SubjectUnknownError."""
    row = connection.execute(select(tables.subject).where(tables.subject.c.id == subject_id)).first()
    if row is None:
        raise SubjectUnknownError("There is no subject with this id.", remedy="Look the subject up in the list.")
    return row


def withdrawn(subject_id: str) -> SubjectWithdrawnError:
    """The error of a request about a subject who has withdrawn."""
    return SubjectWithdrawnError(
        f"Subject {subject_id} has withdrawn; their templates and pictures are erased.",
        remedy="Nothing can be done with them any more; a new enrolment needs a new consent.",
    )


def read_consents(connection: Connection, subject_id: str) -> list[Consent]:
    """The subject's consents in any state, oldest first."""
    return [_consent(*row) for row in driver(connection).execute(_CONSENTS, (subject_id,)).fetchall()]


def read_consent(connection: Connection, consent_id: str) -> Consent:
    """One consent in any state. Raises ConsentUnknownError."""
    row = driver(connection).execute(_CONSENT, (consent_id,)).fetchone()
    if row is None:
        raise ConsentUnknownError("There is no consent with this id.", remedy="Look at the subject's consents.")
    return _consent(*row)


def reference_numbers(connection: Connection, reference_ids: Sequence[str]) -> dict[str, int]:
    """The numbers, by id, of those of the given references that still exist."""
    columns = tables.reference.c
    query = select(columns.id, columns.number).where(columns.id.in_(reference_ids))
    return {row.id: row.number for row in connection.execute(query)}


def every_consent(connection: Connection) -> Iterator[Consents]:
    """The consents, in any state, of all subjects who have not withdrawn, some thousands at a time."""
    cursor = driver(connection).execute(_EVERY_CONSENT)
    while rows := cursor.fetchmany(_BATCH):
        yield Consents.of_rows(rows)


def insert_consent(connection: Connection, consent: Consent) -> None:
    """Writes a new consent."""
    connection.execute(insert(tables.consent).values(consent_row(consent)))


def consent_row(consent: Consent) -> dict[str, Any]:
    """A new consent as a row of its table."""
    texts = {"cameras": json.dumps(sorted(consent.cameras)), "times": times_text(consent)}
    return {field.name: getattr(consent, field.name) for field in dataclasses.fields(consent)} | texts


def insert_reference(
    connection: Connection, subject_id: str, key: SealingKey, sample: FaceSample, moment: datetime
) -> tuple[int, str, bytes]:
    """Writes a new reference; returns its number, its id and its sealed template."""
    reference_id, model_digest = str(uuid.uuid4()), sample.template.model_digest
    sealed = key.seal(packed(sample.template), context=template_context(reference_id, model_digest))
    inserted = connection.execute(
        insert(tables.reference).values(
            id=reference_id,
            subject_id=subject_id,
            model_digest=model_digest,
            sealed_template=sealed,
            created_at=moment,
        )
    )
    number = int(inserted.lastrowid)
    connection.execute(
        insert(tables.reference_sample).values(
            reference_number=number,
            sealed_picture=key.seal(sample.crop, context=picture_context(reference_id)),
            quality=pack_quality(sample.quality),
        )
    )
    return number, reference_id, sealed


def read_sample(connection: Connection, reference_id: str) -> Row[Any]:
    """A reference with what it was made from. Raises ReferenceUnknownError."""
    row = connection.execute(SAMPLED.where(tables.reference.c.id == reference_id)).first()
    if row is None:
        raise ReferenceUnknownError(
            "There is no reference with this id.", remedy="It may have been erased: look at its subject."
        )
    return row


def consent_body(consent: Consent, key: SealingKey) -> dict[str, Any]:
    """A consent as it stands in log entries. key: its subject's."""
    body: dict[str, Any] = {
        "id": consent.id,
        "purpose": consent.purpose,
        "cameras": sorted(consent.cameras),
        "valid_from": format_time(consent.valid_from),
        "valid_until": format_time(consent.valid_until),
        "evidence_commitment": evidence_commitment(key, consent),
    }
    return body | {"times": hours_json(consent.times)} if consent.times else body
