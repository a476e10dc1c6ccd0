"""Alerts: raised from a candidate list, reviewed by people; each alert and each review is in the log.

All listeners are notified by this module, whichever thread, router or start made the alert.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, not_, or_, select, update

from matcher.alerts.alert import Alert, AlertStatus
from matcher.alerts.alert_listener import AlertAnnouncer, AlertListener
from matcher.alerts.review import Review, Verdict, status_of
from matcher.errors import ClearglassError
from matcher.log.entry import EntryKind, decode
from matcher.log.log import AuditLog
from matcher.people.errors import SubjectWithdrawnError
from matcher.people.gallery import Gallery
from matcher.probe.probe import Probe
from matcher.search.candidate import CandidateList
from matcher.search.evidence import read_evidence
from matcher.store import tables
from matcher.store.database import Database

MAX_NOTE = 2_000


class AlertUnknownError(ClearglassError):
    """No alert has this id."""

    code: ClassVar[str] = "alert_unknown"


class AlertPictureError(ClearglassError):
    """The alert's pictures are not there: the subject has withdrawn, or the probe came without one."""

    code: ClassVar[str] = "alert_picture_gone"


class NoCandidateError(ClearglassError):
    """There is nobody to raise an alert about."""

    code: ClassVar[str] = "no_candidate"


class ReviewError(ClearglassError):
    """This person has reviewed this alert already; the second pair of eyes must be another's."""

    code: ClassVar[str] = "already_reviewed"


class AlertClosedError(ClearglassError):
    """The alert is confirmed or rejected already."""

    code: ClassVar[str] = "alert_closed"


class ReviewNoteError(ClearglassError):
    """The note of a review is too long, or no plain text."""

    code: ClassVar[str] = "review_note_invalid"


class Alerts:
    """Everything that was raised for review. Safe to use from several threads."""

    def __init__(self, database: Database, gallery: Gallery, log: AuditLog, raised: Sequence[Alert] = ()) -> None:
        """raised: the alerts that this start has raised, which listeners are yet to hear of."""
        self._database = database
        self._gallery = gallery
        self._log = log
        self._announcer = AlertAnnouncer()
        self._raised = tuple(raised)

    def listen(self, listener: AlertListener) -> None:
        """From now on the listener hears of each alert and review; at once, of the alerts that this start raised."""
        self._announcer.add(listener, self._raised)

    def raise_alert(
        self, *, camera_id: str, candidate_list: CandidateList, probe: Probe, captured_at: datetime
    ) -> Alert:
        """Raises an alert about the first candidate. Its pictures are the search's sealed evidence and the reference's.
        probe: the probe of that search. Raises NoCandidateError, AlertPictureError if the probe has no picture that
        people could judge, SubjectWithdrawnError if the subject has withdrawn since the search, LogUnavailableError,
        ClockError.
        """
        if not probe.crop:
            raise _gone("The probe has no picture.")
        if not candidate_list.candidates:
            raise NoCandidateError("The search found nobody.", remedy="Raise alerts only about candidates.")
        first = candidate_list.candidates[0]
        with self._log.writing() as connection:
            self._gallery.subject_key(connection, first.subject_id)
            alert = insert_alert(
                self._log,
                connection,
                camera_id=camera_id,
                subject_id=first.subject_id,
                reference_id=first.reference_id,
                request_index=candidate_list.request_index,
                outcome_index=candidate_list.outcome_index,
                dissimilarity=first.dissimilarity,
                operating_point=candidate_list.operating_point.name,
                captured_at=captured_at,
            )
        self._announcer.raised(alert)
        return alert

    def alerts(
        self,
        status: AlertStatus | None = None,
        *,
        limit: int = 50,
        before: str | None = None,
        reviewer: str | None = None,
    ) -> list[Alert]:
        """The newest first, at most `limit`. before: the id of an alert to go on after. Raises AlertUnknownError.

        reviewer (`user:<id>`): a reviewer may not see that somebody else confirmed an alert first, so the status `open`
        includes every alert that awaits a second confirmation, except those that this reviewer confirmed.
        """
        query = select(tables.alert).order_by(tables.alert.c.number.desc()).limit(max(0, min(limit, 1_000)))
        if status is not None:
            query = query.where(_has_status(status, reviewer))
        with self._database.reading() as connection:
            if before is not None:
                query = query.where(tables.alert.c.number < _row(connection, before).number)
            return [_alert(row) for row in connection.execute(query)]

    def counts(self, *, reviewer: str | None = None) -> dict[AlertStatus, int]:
        """How many alerts of each status there are. reviewer: as for `alerts`."""
        count = select(func.count()).select_from(tables.alert)
        with self._database.reading() as connection:
            return {
                status: connection.execute(count.where(_has_status(status, reviewer))).scalar_one()
                for status in AlertStatus
            }

    def alert(self, alert_id: str) -> Alert:
        """One alert. Raises AlertUnknownError."""
        with self._database.reading() as connection:
            return _alert(_row(connection, alert_id))

    def thresholds(self, alerts: Sequence[Alert]) -> dict[str, float]:
        """The threshold of each alert's search, by the alert's id, read from the search's request entry. The operating
        point of the same name may have another threshold by now.
        """
        entry = tables.audit_entry.c
        query = select(entry.index, entry.data).where(entry.index.in_([alert.request_index for alert in alerts]))
        with self._database.reading() as connection:
            asked = {index: decode(leaf).body for index, leaf in connection.execute(query)}
        return {alert.id: asked[alert.request_index]["operating_point"]["threshold"] for alert in alerts}

    def pictures(self, alert_id: str) -> tuple[bytes, bytes]:
        """The probe's and the reference's JPEG. Raises AlertUnknownError, or AlertPictureError once they are erased."""
        with self._database.reading() as connection:
            row = _row(connection, alert_id)
            try:
                key = self._gallery.subject_key(connection, row.subject_id)
            except SubjectWithdrawnError as error:
                raise _gone("The subject has withdrawn; the pictures are erased.") from error
            evidence = read_evidence(connection, row.request_index, key)
        if evidence is None or not evidence.crop:
            raise _gone("The search kept no picture.")
        return evidence.crop, self._gallery.reference_picture(row.reference_id)

    def review(self, alert_id: str, reviewer: str, verdict: Verdict, note: str | None = None) -> Review:
        """Records one person's verdict; it is in the log and in force when this returns.

        reviewer: `user:<id>`. Raises AlertUnknownError, ReviewError (the same person twice), AlertClosedError,
        ReviewNoteError, LogUnavailableError. A note about somebody who has withdrawn is not kept.
        """
        if note is not None and (len(note) > MAX_NOTE or not all(line.isprintable() for line in note.splitlines())):
            raise ReviewNoteError(
                "The note is too long or holds control characters.",
                remedy=f"Use at most {MAX_NOTE} characters of plain text.",
            )
        with self._log.writing() as connection:
            row = _row(connection, alert_id)
            earlier = connection.execute(_reviews_of(alert_id)).all()
            _require_open(row, earlier, reviewer)
            verdicts = [Verdict(other.verdict) for other in earlier] + [verdict]
            status = status_of(verdicts)
            entry = self._log.append(
                connection,
                EntryKind.REVIEW,
                {
                    "alert": alert_id,
                    "request": row.request_index,
                    "outcome": row.outcome_index,
                    "subject": row.subject_id,
                    "actor": reviewer,
                    "verdict": verdict.value,
                    "status": status.value,
                    "noted": note is not None,
                },
            )
            connection.execute(
                insert(tables.review).values(
                    alert_id=alert_id,
                    reviewer=reviewer,
                    verdict=verdict.value,
                    sealed_note=self._sealed_note(connection, row, reviewer, note),
                    reviewed_at=entry.time,
                    audit_index=entry.index,
                )
            )
            connection.execute(update(tables.alert).where(tables.alert.c.id == alert_id).values(status=status.value))
        self._announcer.reviewed(self.alert(alert_id))
        return Review(
            alert_id=alert_id,
            reviewer=reviewer,
            verdict=verdict,
            note=note,
            reviewed_at=entry.time,
            audit_index=entry.index,
        )

    def reviews(self, alert_id: str) -> list[Review]:
        """The reviews of one alert, oldest first. Raises AlertUnknownError."""
        with self._database.reading() as connection:
            alert = _row(connection, alert_id)
            rows = connection.execute(_reviews_of(alert_id)).all()
            try:
                key = self._gallery.subject_key(connection, alert.subject_id)
            except SubjectWithdrawnError:
                key = None
        return [
            Review(
                alert_id=alert_id,
                reviewer=row.reviewer,
                verdict=Verdict(row.verdict),
                note=None
                if key is None or row.sealed_note is None
                else key.open(row.sealed_note, context=_note_context(alert_id, row.reviewer)).decode(),
                reviewed_at=row.reviewed_at,
                audit_index=row.audit_index,
            )
            for row in rows
        ]

    def reviewed_by(self, reviewer: str, alerts: Sequence[Alert]) -> frozenset[str]:
        """The ids of those of the alerts that this reviewer has reviewed."""
        review = tables.review.c
        own = select(review.alert_id).where(review.reviewer == reviewer)
        with self._database.reading() as connection:
            found = connection.execute(own.where(review.alert_id.in_([alert.id for alert in alerts])))
            return frozenset(found.scalars())

    def _sealed_note(self, connection: Connection, alert: Any, reviewer: str, note: str | None) -> bytes | None:
        if note is None:
            return None
        try:
            key = self._gallery.subject_key(connection, alert.subject_id)
        except SubjectWithdrawnError:
            return None
        return key.seal(note.encode(), context=_note_context(alert.id, reviewer))


def insert_alert(log: AuditLog, connection: Connection, **values: Any) -> Alert:
    """Writes an open alert and its entry, inside a transaction of the log. values: of the fields of Alert that a search
    gives."""
    alert_id = str(uuid.uuid4())
    body = {
        "alert": alert_id,
        "request": values["request_index"],
        "outcome": values["outcome_index"],
        "subject": values["subject_id"],
        "camera": values["camera_id"],
        "dissimilarity": values["dissimilarity"],
    }
    entry = log.append(connection, EntryKind.ALERT, body)
    number = connection.execute(select(func.max(tables.alert.c.number))).scalar()
    alert = Alert(id=alert_id, raised_at=entry.time, status=AlertStatus.OPEN, **values)
    row = {**values, "id": alert_id, "number": 0 if number is None else number + 1}
    row |= {"raised_at": entry.time, "status": AlertStatus.OPEN.value}
    connection.execute(insert(tables.alert).values(row))
    return alert


def _has_status(status: AlertStatus, reviewer: str | None) -> ColumnElement[bool]:
    stored = tables.alert.c.status == status.value
    if reviewer is None or status not in {AlertStatus.OPEN, AlertStatus.AWAITING_SECOND}:
        return stored
    review = tables.review.c
    own = exists().where(review.alert_id == tables.alert.c.id, review.reviewer == reviewer)
    if status is AlertStatus.AWAITING_SECOND:
        return and_(stored, own)
    return or_(stored, and_(tables.alert.c.status == AlertStatus.AWAITING_SECOND.value, not_(own)))


def _require_open(alert: Any, earlier: Sequence[Any], reviewer: str) -> None:
    if any(review.reviewer == reviewer for review in earlier):
        raise ReviewError("You have reviewed this alert already.", remedy="A second, different person must look at it.")
    if AlertStatus(alert.status) in {AlertStatus.CONFIRMED, AlertStatus.REJECTED}:
        raise AlertClosedError(f"The alert is {alert.status} already.", remedy="Nothing is left to review.")


def _reviews_of(alert_id: str) -> Any:
    return select(tables.review).where(tables.review.c.alert_id == alert_id).order_by(tables.review.c.audit_index)


def _row(connection: Connection, alert_id: str) -> Any:
    row = connection.execute(select(tables.alert).where(tables.alert.c.id == alert_id)).first()
    if row is None:
        raise AlertUnknownError("There is no alert with this id.", remedy="Look it up in the list.")
    return row


def _alert(row: Any) -> Alert:
    return Alert(
        id=row.id,
        camera_id=row.camera_id,
        subject_id=row.subject_id,
        reference_id=row.reference_id,
        request_index=row.request_index,
        outcome_index=row.outcome_index,
        dissimilarity=row.dissimilarity,
        operating_point=row.operating_point,
        captured_at=row.captured_at,
        raised_at=row.raised_at,
        status=AlertStatus(row.status),
    )


def _gone(what: str) -> AlertPictureError:
    return AlertPictureError(what, remedy="Nothing can be shown; the log still holds what was searched.")


def _note_context(alert_id: str, reviewer: str) -> str:
    return f"note:{alert_id}:{reviewer}"
