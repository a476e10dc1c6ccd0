"""Consents: the terms to which a person agreed."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, UploadFile
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from api.http.guard import Caller, GuardedRoute, ServiceDep, asks
from api.http.moment import Moment
from api.http.warning import WarningOut
from api.permission import Permission
from api.purposes import known_purposes, purpose_warnings
from api.service import Service
from matcher.consent.consent import MAX_TIMES, Consent, NewConsent
from matcher.consent.errors import ConsentInvalidError
from matcher.consent.hours import Hours, hours_json, hours_text
from matcher.consent.rule import ANY_CAMERA, UPLOAD, ConsentState
from matcher.errors import ClearglassError

router = APIRouter(tags=["consents"], route_class=GuardedRoute)

Weekday = Annotated[int, Field(ge=1, le=7, description="1 is Monday.")]
ClockTime = Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Hex SHA-256 of the signed document.")]


class EvidenceMissingError(ClearglassError):
    """A consent came with no evidence, or with two."""

    code: ClassVar[str] = "evidence_missing"


class ConsentHours(BaseModel):
    """Hours on some weekdays, in the search's time zone: the camera's, else the site's."""

    model_config = {"extra": "forbid"}
    days: Annotated[list[Weekday], Field(min_length=1, max_length=7, examples=[[1, 2, 3, 4, 5]])]
    begin: Annotated[ClockTime, Field(examples=["08:00"])]
    end: Annotated[
        ClockTime, Field(description="Not included; not after `begin`: on the next day.", examples=["17:00"])
    ]

    def noun(self) -> Hours:
        """Converts them to the consent rule's `Hours`. Raises: ConsentInvalidError."""
        return Hours.of(self.days, self.begin, self.end)


_HOURS = TypeAdapter(list[ConsentHours])


class ConsentIn(BaseModel):
    """A further consent of a subject."""

    purpose: Annotated[str, Field(min_length=1, max_length=100, examples=["door-opening"])]
    cameras: Annotated[list[str], Field(min_length=1, max_length=100, examples=[["*"]])]
    valid_from: Moment | None = None
    valid_until: Annotated[Moment, Field(examples=["2027-11-22T00:00:00Z"])]
    evidence_digest: Digest
    times: Annotated[list[ConsentHours], Field(max_length=MAX_TIMES, description="None: it holds at all hours.")] = []


class ConsentOut(BaseModel):
    """A consent record, and its present effect. state: the hour does not count. holds: true if the person may be found
    by it now, at one of its cameras at least. changes_at: when that changes next at one of them; null: never. hours:
    `times` as text. time_zones: in which they are read.
    """

    id: str
    subject_id: str
    purpose: str = Field(examples=["door-opening"])
    cameras: list[str] = Field(description="Ids; * stands for all.", examples=[["*"]])
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    evidence_digest: str
    recorded_at: AwareDatetime
    withdrawn_at: AwareDatetime | None
    times: list[ConsentHours] = Field(description="None: it holds at all hours.")
    hours: str | None = Field(examples=["Mon-Fri 08:00-17:00"])
    time_zones: list[str] = Field(examples=[["Europe/Berlin"]])
    state: ConsentState
    holds: bool
    changes_at: AwareDatetime | None

    @classmethod
    def of(cls, consent: Consent, service: Service) -> "ConsentOut":
        """From a `Consent`, with its state at this moment."""
        now, zones = service.clock(), _zones(consent, service)
        state = consent.state(now)
        changes = [change for zone in zones if (change := consent.next_change(now, zone)) is not None]
        return cls(
            id=consent.id,
            subject_id=consent.subject_id,
            purpose=consent.purpose,
            cameras=sorted(consent.cameras),
            valid_from=consent.valid_from,
            valid_until=consent.valid_until,
            evidence_digest=consent.evidence_digest,
            recorded_at=consent.recorded_at,
            withdrawn_at=consent.withdrawn_at,
            times=[ConsentHours(**one) for one in hours_json(consent.times)],
            hours=hours_text(consent.times) or None,
            time_zones=[zone.key for zone in zones] if consent.times else [],
            state=state,
            holds=state is ConsentState.ACTIVE and any(consent.holds(now, zone) for zone in zones),
            changes_at=min(changes, default=None),
        )


class ShownConsentOut(ConsentOut):
    """A consent, with the salt that checks its entry in the log."""

    evidence_salt: str | None = Field(
        description="Hex. `evidence_commitment` in the log is HMAC-SHA256, under these 32 bytes, of the 32 bytes of "
        "evidence_digest. Null once the person has withdrawn."
    )


class NewConsentOut(ConsentOut):
    """A consent that was just recorded."""

    warnings: list[WarningOut] = Field(description="For example that no search is made for its purpose.")


@router.get(
    "/purposes",
    operation_id="list_purposes",
    summary="The purposes of searches",
    openapi_extra=asks(Permission.SUBJECTS_READ),
)
def list_purposes(service: ServiceDep) -> list[str]:
    """The purposes of the cameras and of the latest searches. A consent for any other purpose has no effect on them."""
    return sorted(known_purposes(service))


@router.get(
    "/subjects/{subject_id}/consents",
    operation_id="list_consents",
    summary="A subject's consents",
    openapi_extra=asks(Permission.SUBJECTS_READ),
)
def list_consents(subject_id: str, service: ServiceDep) -> list[ConsentOut]:
    """A subject's consents, withdrawn and expired ones too."""
    return [ConsentOut.of(consent, service) for consent in service.people.consents(subject_id)]


@router.post(
    "/subjects/{subject_id}/consents",
    operation_id="grant_consent",
    summary="Record a further consent",
    status_code=201,
    openapi_extra=asks(Permission.SUBJECTS_WRITE),
)
def grant_consent(subject_id: str, new: ConsentIn, caller: Caller, service: ServiceDep) -> NewConsentOut:
    """Records a further consent: another purpose, other cameras, other hours, a longer time."""
    consent = NewConsent(
        purpose=new.purpose,
        cameras=camera_ids(new.cameras),
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        evidence_digest=new.evidence_digest,
        times=tuple(hours.noun() for hours in new.times),
    )
    granted = ConsentOut.of(service.people.grant(caller, subject_id, consent), service)
    return NewConsentOut(**dict(granted), warnings=purpose_warnings(service, new.purpose))


@router.get(
    "/consents/{consent_id}",
    operation_id="get_consent",
    summary="One consent",
    openapi_extra=asks(Permission.SUBJECTS_READ),
)
def get_consent(consent_id: str, service: ServiceDep) -> ShownConsentOut:
    """A consent by its id, withdrawn or expired too."""
    salt = service.people.evidence_salt(consent_id)
    consent = ConsentOut.of(service.people.consent(consent_id), service)
    return ShownConsentOut(**dict(consent), evidence_salt=None if salt is None else salt.hex())


@router.delete(
    "/consents/{consent_id}",
    operation_id="withdraw_consent",
    summary="Withdraw a consent",
    status_code=204,
    openapi_extra=asks(Permission.SUBJECTS_WRITE),
)
def withdraw_consent(consent_id: str, caller: Caller, service: ServiceDep) -> None:
    """Ends one consent. After the answer no search finds the person by it, and cameras show a stranger until a search
    finds the person by another consent."""
    service.people.end_consent(caller, consent_id)


def camera_ids(named: Iterable[str]) -> frozenset[str]:
    """The cameras a consent names, as they were sent."""
    return frozenset(name.strip() for name in named) - {""}


def times_of(text: str) -> tuple[Hours, ...]:
    """The hours in a form's field, a JSON list as `ConsentIn.times`. Raises: ConsentInvalidError."""
    try:
        return tuple(hours.noun() for hours in _HOURS.validate_json(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"[{place!r}]" for place in first["loc"])
        raise ConsentInvalidError(
            f"The consent's times{where} cannot be read: {first['msg']}.",
            remedy='Send a JSON list such as [{"days": [1, 2], "begin": "08:00", "end": "17:00"}].',
        ) from error


def _zones(consent: Consent, service: Service) -> list[ZoneInfo]:
    """The time zones in which its hours are read, in the order of their names; without hours the site's alone."""
    names: set[str | None] = set()
    anywhere = ANY_CAMERA in consent.cameras
    if consent.times:
        cameras = service.camera_control.listed().values()
        names = {camera.time_zone for camera in cameras if anywhere or camera.id in consent.cameras}
    if anywhere or UPLOAD in consent.cameras or not names:
        names.add(None)
    return sorted({service.matcher.gallery.zone(name) for name in names}, key=lambda zone: zone.key)


def evidence_digest_of(evidence: UploadFile | None, digest: str | None) -> str:
    """The digest of an uploaded document, or as it was sent. Raises: EvidenceMissingError unless there is exactly one
    of them."""
    if (evidence is None) == (digest is None):
        raise EvidenceMissingError(
            "A consent needs exactly one proof.",
            remedy="Send the signed document as 'evidence', or its SHA-256 as 'evidence_digest'.",
        )
    return hashlib.sha256(evidence.file.read()).hexdigest() if evidence is not None else str(digest)
