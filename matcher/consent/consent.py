"""A person's agreement to be searchable: for what, where, and how long."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from matcher.consent.errors import ConsentExpiredError, ConsentInvalidError, ConsentRequiredError
from matcher.plain_text import fault_of, is_plain, tidied

ANY_CAMERA = "*"
"""In a consent's cameras: every camera, and pictures handed in by a person."""

UPLOAD = "upload"
"""The place of a search whose probe is a picture handed in by a person and not a camera's."""

ENROLMENT = "enrolment"
"""The place of the check for duplicates before a person is enrolled. Every consent in force covers it, whatever its
purpose and cameras: somebody who is in the gallery for one purpose must be met by who enrols them for another."""

ENROLMENT_CHECK = "enrolment-check"
"""The purpose of that check in the log."""

MAX_CAMERAS = 200
_YEARS = range(1970, 9001)
"""What a consent's times may lie in: near the ends of the calendar a time zone's offset leads out of it."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class NewConsent:
    """A consent as it is handed in. valid_from: None is now."""

    purpose: str
    cameras: frozenset[str]
    valid_until: datetime
    evidence_digest: str
    valid_from: datetime | None = None

    def __post_init__(self) -> None:
        """Composes the purpose, so that two are equal if they look the same."""
        object.__setattr__(self, "purpose", tidied(self.purpose))


@dataclass(frozen=True, kw_only=True)
class Consent:
    """One consent record. Times are UTC; it holds from `valid_from` up to but not including `valid_until`.

    evidence_digest: hex SHA-256 of the signed document or recording that proves it.
    """

    id: str
    subject_id: str
    purpose: str
    cameras: frozenset[str]
    valid_from: datetime
    valid_until: datetime
    evidence_digest: str
    recorded_at: datetime
    withdrawn_at: datetime | None = None

    def covers(self, *, camera: str, purpose: str, moment: datetime) -> bool:
        """Whether a search at this camera (or UPLOAD), for this purpose, at this moment may find the subject.

        The check at ENROLMENT may, as long as the consent is in force.
        """
        if self.withdrawn_at is not None and moment >= self.withdrawn_at:
            return False
        if not self.valid_from <= moment < self.valid_until:
            return False
        if camera == ENROLMENT:
            return True
        return purpose == self.purpose and (camera in self.cameras or ANY_CAMERA in self.cameras)


def recorded(new: NewConsent, *, subject_id: str, moment: datetime) -> Consent:
    """The consent record for what was handed in, now.

    Raises ConsentInvalidError if it is incomplete, ConsentExpiredError if its time is over.
    """
    valid_from = moment if new.valid_from is None else new.valid_from
    problem = _problem(new, valid_from)
    if problem is not None:
        raise ConsentInvalidError(f"The consent cannot be recorded: {problem}.", remedy="Complete it and try again.")
    if new.valid_until <= moment:
        raise ConsentExpiredError(
            f"The consent ended at {new.valid_until.isoformat()}.", remedy="Ask the person for a new consent."
        )
    return Consent(
        id=str(uuid.uuid4()),
        subject_id=subject_id,
        purpose=new.purpose,
        cameras=new.cameras,
        valid_from=valid_from,
        valid_until=new.valid_until,
        evidence_digest=new.evidence_digest,
        recorded_at=moment,
    )


def begun(new: NewConsent, *, subject_id: str, moment: datetime) -> Consent:
    """As `recorded`, of a consent that is to be active now. Raises also ConsentRequiredError if it is not yet."""
    consent = recorded(new, subject_id=subject_id, moment=moment)
    if consent.valid_from > moment:
        raise ConsentRequiredError(
            f"The consent is not active yet: it begins at {consent.valid_from.isoformat()}.",
            remedy="Enrol the person when it has begun.",
        )
    return consent


def is_active(consents: Iterable[Consent], moment: datetime) -> bool:
    """Whether any of a subject's consents is active then, for whatever purpose and camera."""
    return any(
        consent.withdrawn_at is None and consent.valid_from <= moment < consent.valid_until for consent in consents
    )


def require_active(consents: Iterable[Consent], moment: datetime) -> None:
    """Raises ConsentRequiredError if none of a subject's consents is active now, for whatever purpose and camera."""
    if not is_active(consents, moment):
        raise ConsentRequiredError("The subject has no active consent.", remedy="Record a new consent first.")


def _problem(new: NewConsent, valid_from: datetime) -> str | None:
    covered = _covered_wrongly(new)
    if covered is not None:
        return covered
    if _DIGEST.fullmatch(new.evidence_digest) is None:
        return "its evidence digest is no hex SHA-256"
    if any(moment.tzinfo is None or moment.year not in _YEARS for moment in (valid_from, new.valid_until)):
        return f"its times have no time zone, or are not in the years {_YEARS.start} to {_YEARS.stop - 1}"
    if new.valid_until <= valid_from:
        return "it ends before it begins"
    return None


def _covered_wrongly(new: NewConsent) -> str | None:
    """What is wrong with its purpose or its cameras."""
    fault = fault_of(new.purpose)
    if fault is not None:
        return f"its purpose {fault}"
    if new.purpose == ENROLMENT_CHECK or ENROLMENT in new.cameras:
        return f"the purpose {ENROLMENT_CHECK} and the camera {ENROLMENT} stand for the check at an enrolment"
    if not new.cameras or len(new.cameras) > MAX_CAMERAS or not all(is_plain(camera) for camera in new.cameras):
        return "it names no camera, too many, or one that cannot be"
    return None
