"""A person's agreement to be searchable: for what, where, at which hours, and how long."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from matcher.consent.errors import ConsentExpiredError, ConsentInvalidError, ConsentRequiredError
from matcher.consent.hours import Hours, ordered
from matcher.consent.rule import ENROLMENT, ENROLMENT_CHECK, ConsentRule, ConsentState
from matcher.plain_text import fault_of, is_plain, tidied

MAX_CAMERAS = 200
MAX_TIMES = 14
"""Entries of hours in a consent: two for each weekday."""

_YEARS = range(1970, 9001)
"""A consent's times must lie in these years: near the ends of the calendar a time zone's offset leads out of it."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class NewConsent:
    """A consent as it is handed in. valid_from: None is now. times: the hours it is limited to; none: always."""

    purpose: str
    cameras: frozenset[str]
    valid_until: datetime
    evidence_digest: str
    valid_from: datetime | None = None
    times: tuple[Hours, ...] = ()

    def __post_init__(self) -> None:
        """Composes the purpose, so that two are equal if they look the same, and puts the hours in order."""
        object.__setattr__(self, "purpose", tidied(self.purpose))
        object.__setattr__(self, "times", ordered(self.times))


@dataclass(frozen=True, kw_only=True)
class Consent(ConsentRule):
    """One consent record: the rule, its subject, and the evidence for it. Times are UTC.

    evidence_digest: hex SHA-256 of the signed document or recording that proves it.
    """

    id: str
    subject_id: str
    evidence_digest: str
    recorded_at: datetime


def recorded(new: NewConsent, *, subject_id: str, moment: datetime) -> Consent:
    """The consent record of what was handed in, as of now.

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
        times=new.times,
    )


def begun(new: NewConsent, *, subject_id: str, moment: datetime) -> Consent:
    """As `recorded`, for a consent that must be active now. Raises ConsentRequiredError too, if it begins later."""
    consent = recorded(new, subject_id=subject_id, moment=moment)
    if consent.valid_from > moment:
        raise ConsentRequiredError(
            f"The consent is not active yet: it begins at {consent.valid_from.isoformat()}.",
            remedy="Enrol the person when it has begun.",
        )
    return consent


def is_active(consents: Iterable[Consent], moment: datetime) -> bool:
    """True if any of a subject's consents is active at that moment, for any purpose and camera and at any hour."""
    return any(consent.state(moment) is ConsentState.ACTIVE for consent in consents)


def permits(consents: Iterable[Consent], *, camera: str, purpose: str, moment: datetime, zone: ZoneInfo) -> bool:
    """True if one of a subject's consents covers a search now. A withdrawn consent never does, also after the clock was
    set back."""
    return any(
        consent.withdrawn_at is None and consent.covers(camera=camera, purpose=purpose, moment=moment, zone=zone)
        for consent in consents
    )


def require_active(consents: Iterable[Consent], moment: datetime) -> None:
    """Raises ConsentRequiredError if none of a subject's consents is active now, as `is_active` says."""
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
    """The faults of its purpose, its cameras or its hours."""
    fault = fault_of(new.purpose)
    if fault is not None:
        return f"its purpose {fault}"
    if len(new.times) > MAX_TIMES:
        return f"it names more than {MAX_TIMES} times of the week"
    if new.purpose == ENROLMENT_CHECK or ENROLMENT in new.cameras:
        return f"the purpose {ENROLMENT_CHECK} and the camera {ENROLMENT} stand for the check at an enrolment"
    if not new.cameras or len(new.cameras) > MAX_CAMERAS or not all(is_plain(camera) for camera in new.cameras):
        return "it names no camera, too many, or one that cannot be"
    return None
