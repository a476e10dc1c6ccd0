"""Destroys a subject's data at withdrawal, and logs that it was done.

Two steps: `destroy` in the withdrawal's own transaction, then `finish_erasures` empties the write-ahead log, in which
old pages still stand, and appends the erasure entry. The next withdrawal or start finishes what was cut off or held up
between them.
"""

from datetime import datetime

from sqlalchemy import BindParameter, Connection, Text, bindparam, cast, delete, func, select, update

from matcher.log.entry import EntryKind
from matcher.log.errors import LogUnavailableError
from matcher.log.log import AuditLog
from matcher.people.errors import ErasurePendingError
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.errors import StoreBusyError

PENDING = (
    select(tables.subject.c.id)
    .where(tables.subject.c.withdrawn_at.is_not(None), tables.subject.c.erased_at.is_(None))
    .order_by(tables.subject.c.withdrawn_at)
)
"""Subjects who are withdrawn and not erased. The conditions equal those of the table's index, so that SQLite uses
it."""

_SEALED = (tables.evidence, tables.reference, tables.declaration, tables.subject_key)
"""The tables with data sealed under a subject's key, and the table of that key."""

# Built once: building them would be most of the time of a withdrawal, besides the disk.
_SUBJECT: BindParameter[str] = bindparam("subject")
_NUMBERS = select(tables.reference.c.number).where(tables.reference.c.subject_id == _SUBJECT)
_NAMED = (
    select(tables.audit_entry.c.request_index)
    .where(
        tables.audit_entry.c.request_index == tables.evidence.c.request_index,
        tables.audit_entry.c.kind == EntryKind.OUTCOME.value,
        # An id is a random UUID: where its text stands in an outcome, the outcome is about the subject.
        func.instr(cast(tables.audit_entry.c.data, Text), _SUBJECT) > 0,
    )
    .exists()
)
_ALERTS = select(tables.alert.c.id).where(tables.alert.c.subject_id == _SUBJECT)
_DESTROY = (
    delete(tables.reference_sample).where(tables.reference_sample.c.reference_number.in_(_NUMBERS)),
    *(delete(table).where(table.c.subject_id == _SUBJECT) for table in _SEALED),
    delete(tables.evidence).where(_NAMED),
    update(tables.review).where(tables.review.c.alert_id.in_(_ALERTS)).values(sealed_note=None),
)
_END_CONSENTS = (
    update(tables.consent)
    .where(tables.consent.c.subject_id == _SUBJECT, tables.consent.c.withdrawn_at.is_(None))
    .values(withdrawn_at=bindparam("moment"))
)
_WITHDRAW = (
    update(tables.subject)
    .where(tables.subject.c.id == _SUBJECT)
    .values(sealed_name=None, withdrawn_at=bindparam("moment"))
)
_COUNT = select(func.count()).select_from(tables.reference).where(tables.reference.c.subject_id == _SUBJECT)
_ERASED = update(tables.subject).where(tables.subject.c.id == _SUBJECT).values(erased_at=bindparam("moment"))


def destroy(connection: Connection, subject_id: str, moment: datetime) -> int:
    """Deletes the subject's key, all that was sealed under it, and the evidence of every search that named them.

    The evidence of a search with several candidates is sealed under the key of the first. Returns the number of
    references.
    """
    references = int(connection.execute(_COUNT, {"subject": subject_id}).scalar_one())
    for statement in _DESTROY:
        connection.execute(statement, {"subject": subject_id})
    for statement in (_END_CONSENTS, _WITHDRAW):
        connection.execute(statement, {"subject": subject_id, "moment": moment})
    return references


def pending_erasures(database: Database) -> list[str]:
    """The subjects who have withdrawn and whose old bytes may still stand in the write-ahead log."""
    with database.reading() as connection:
        return list(connection.execute(PENDING).scalars())


def finish_erasures(database: Database, log: AuditLog) -> int:
    """Overwrites the old bytes of all who have withdrawn, and logs it; how many. Raises ErasurePendingError."""
    pending = pending_erasures(database)
    if not pending:
        return 0
    try:
        if not database.overwrite_erased():
            raise _pending("A long reading of the database (an audit or a backup) is in the way.")
        for subject_id in pending:
            _log_erasure(log, subject_id)
    except (StoreBusyError, LogUnavailableError) as error:
        raise _pending(error.message) from error
    return len(pending)


def _log_erasure(log: AuditLog, subject_id: str) -> None:
    with log.writing() as connection:
        left = connection.execute(_COUNT, {"subject": subject_id}).scalar_one()
        connection.execute(_ERASED, {"subject": subject_id, "moment": log.moment(connection)})
        body = {"subject": subject_id, "references_left": left, "method": "key, templates and pictures overwritten"}
        log.append(connection, EntryKind.ERASURE, body)


def _pending(why: str) -> ErasurePendingError:
    return ErasurePendingError(
        f"The subject is withdrawn and can no longer be found, but old bytes still wait to be overwritten. {why}",
        remedy="Withdraw again in a moment; the next withdrawal or start does it as well.",
    )
