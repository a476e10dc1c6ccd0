"""Consents: what a person agreed to."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, ClassVar

from fastapi import APIRouter, UploadFile
from pydantic import AwareDatetime, BaseModel, Field

from api.http.guard import Caller, GuardedRoute, ServiceDep, asks
from api.http.moment import Moment
from api.http.warning import WarningOut
from api.permission import Permission
from api.purposes import known_purposes, purpose_warnings
from matcher.consent.consent import Consent, NewConsent
from matcher.errors import ClearglassError

router = APIRouter(tags=["consents"], route_class=GuardedRoute)

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Hex SHA-256 of the signed document.")]


class EvidenceMissingError(ClearglassError):
    """A consent came with no evidence, or with two."""

    code: ClassVar[str] = "evidence_missing"


class ConsentIn(BaseModel):
    """A further consent of a subject."""

    purpose: Annotated[str, Field(min_length=1, max_length=100, examples=["door-opening"])]
    cameras: Annotated[list[str], Field(min_length=1, max_length=100, examples=[["*"]])]
    valid_from: Moment | None = None
    valid_until: Annotated[Moment, Field(examples=["2027-11-22T00:00:00Z"])]
    evidence_digest: Digest


class ConsentOut(BaseModel):
    """A consent record."""

    id: str
    subject_id: str
    purpose: str = Field(examples=["door-opening"])
    cameras: list[str] = Field(description="Ids; * stands for all.", examples=[["*"]])
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    evidence_digest: str
    recorded_at: AwareDatetime
    withdrawn_at: AwareDatetime | None

    @classmethod
    def of(cls, consent: Consent) -> "ConsentOut":
        """From the noun."""
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
        )


class ShownConsentOut(ConsentOut):
    """A consent, with what the log's entry of it is checked by."""

    evidence_salt: str | None = Field(
        description="Hex. `evidence_commitment` in the log is HMAC-SHA256, under these 32 bytes, of the 32 bytes of "
        "evidence_digest. Null once the person has withdrawn."
    )


class NewConsentOut(ConsentOut):
    """A consent that was just recorded."""

    warnings: list[WarningOut] = Field(description="Such as that no search is made for its purpose.")


@router.get(
    "/purposes",
    operation_id="list_purposes",
    summary="What searches are made for",
    openapi_extra=asks(Permission.SUBJECTS_READ),
)
def list_purposes(service: ServiceDep) -> list[str]:
    """The purposes of the cameras and of the latest searches. A consent for any other is found by none of them."""
    return sorted(known_purposes(service))


@router.get(
    "/subjects/{subject_id}/consents",
    operation_id="list_consents",
    summary="A subject's consents",
    openapi_extra=asks(Permission.SUBJECTS_READ),
)
def list_consents(subject_id: str, service: ServiceDep) -> list[ConsentOut]:
    """A subject's consents, withdrawn and expired ones too."""
    return [ConsentOut.of(consent) for consent in service.people.consents(subject_id)]


@router.post(
    "/subjects/{subject_id}/consents",
    operation_id="grant_consent",
    summary="Record a further consent",
    status_code=201,
    openapi_extra=asks(Permission.SUBJECTS_WRITE),
)
def grant_consent(subject_id: str, new: ConsentIn, caller: Caller, service: ServiceDep) -> NewConsentOut:
    """Records a further consent: another purpose, other cameras, a longer time."""
    consent = NewConsent(
        purpose=new.purpose,
        cameras=camera_ids(new.cameras),
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        evidence_digest=new.evidence_digest,
    )
    granted = ConsentOut.of(service.people.grant(caller, subject_id, consent))
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
    consent = ConsentOut.of(service.people.consent(consent_id))
    return ShownConsentOut(**dict(consent), evidence_salt=None if salt is None else salt.hex())


@router.delete(
    "/consents/{consent_id}",
    operation_id="withdraw_consent",
    summary="Withdraw a consent",
    status_code=204,
    openapi_extra=asks(Permission.SUBJECTS_WRITE),
)
def withdraw_consent(consent_id: str, caller: Caller, service: ServiceDep) -> None:
    """Ends one consent. When this answers, no search finds the person by it, and cameras show a stranger until one
    finds them by another."""
    service.people.end_consent(caller, consent_id)


def camera_ids(named: Iterable[str]) -> frozenset[str]:
    """The cameras a consent names, as they were sent."""
    return frozenset(name.strip() for name in named) - {""}


def evidence_digest_of(evidence: UploadFile | None, digest: str | None) -> str:
    """Of an uploaded document or as it was sent. Raises: EvidenceMissingError unless there is exactly one of them."""
    if (evidence is None) == (digest is None):
        raise EvidenceMissingError(
            "A consent needs exactly one proof.",
            remedy="Send the signed document as 'evidence', or its SHA-256 as 'evidence_digest'.",
        )
    return hashlib.sha256(evidence.file.read()).hexdigest() if evidence is not None else str(digest)
