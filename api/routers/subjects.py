"""People who agreed to be in the gallery: enrolling, reading, withdrawing."""

from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import AwareDatetime, BaseModel, Field

from api.http.admission import ENROLLING_TURN, ENROLMENT_SECONDS, LOOKING
from api.http.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.http.moment import Moment
from api.http.refused_picture import RefusedOut
from api.http.upload import ENROLMENT_BODY
from api.http.warning import WarningOut
from api.permission import Permission
from api.purposes import purpose_warnings
from api.routers.consents import ConsentOut, camera_ids, evidence_digest_of, times_of
from api.routers.references import Acknowledged, Faces, Files, ReferenceOut, pictures_of, references_out, split
from matcher.consent.consent import NewConsent
from matcher.people.subject import Subject

router = APIRouter(prefix="/subjects", tags=["subjects"], route_class=GuardedRoute)


class SubjectOut(BaseModel):
    """A subject. name is null for roles that may not see names, and after withdrawal."""

    id: str = Field(examples=["9b2d7c1e-2f43-4d58-9a3c-0c8f1d5f7a10"])
    name: str | None = Field(examples=["Ada Lovelace"])
    created_at: AwareDatetime
    withdrawn_at: AwareDatetime | None

    @classmethod
    def of(cls, subject: Subject) -> "SubjectOut":
        """From the subject, as its caller may see it."""
        return cls(
            id=subject.id,
            name=subject.name,
            created_at=subject.created_at,
            withdrawn_at=subject.withdrawn_at,
        )


class ListedSubjectOut(SubjectOut):
    """A subject in the list."""

    references: int = Field(description="The number of the subject's enrolled pictures; 0 after withdrawal.")


class SubjectDetailOut(BaseModel):
    """A subject with consents and references."""

    subject: SubjectOut
    consents: list[ConsentOut]
    references: list[ReferenceOut]


class EnrolmentOut(BaseModel):
    """The result of an enrolment: every picture is either a reference or refused with the reason."""

    subject: SubjectOut
    consent: ConsentOut | None
    accepted: list[ReferenceOut]
    refused: list[RefusedOut]
    warnings: list[WarningOut] = Field(description="For example that no search is made for the consent's purpose.")


class DeclarationOut(BaseModel):
    """The groups that a person declares, by attribute."""

    attributes: dict[str, str] = Field(examples=[{"gender": "female", "age": "60+"}])


class DeclarationIn(DeclarationOut):
    """The same, with the person's agreement."""

    model_config = {"extra": "forbid"}

    agreed: Literal[True] = Field(
        description="The person agrees to the use for measuring if error rates differ between groups."
    )


@router.get("", operation_id="list_subjects", summary="List subjects", openapi_extra=asks(Permission.SUBJECTS_READ))
def list_subjects(
    caller: Caller,
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    withdrawn: Annotated[bool, Query(description="Also subjects who have withdrawn, without names.")] = False,
) -> list[ListedSubjectOut]:
    """Subjects in the order of their enrolment. The log records that names were shown."""
    subjects = service.people.page(caller, withdrawn=withdrawn, limit=limit, offset=offset)
    return [ListedSubjectOut(**dict(SubjectOut.of(subject)), references=subject.references) for subject in subjects]


@router.post(
    "",
    operation_id="enrol_subject",
    summary="Enrol a person who consented",
    status_code=201,
    openapi_extra=asks(Permission.SUBJECTS_WRITE, max_body=ENROLMENT_BODY, bucket=Bucket.SEARCHES),
    dependencies=[ENROLLING_TURN],
)
def enrol_subject(
    caller: Caller,
    service: ServiceDep,
    name: Annotated[str, Form(min_length=1, max_length=200, examples=["Ada Lovelace"])],
    purpose: Annotated[str, Form(min_length=1, max_length=100, examples=["door-opening"])],
    valid_until: Annotated[Moment, Form(examples=["2027-11-22T00:00:00Z"])],
    files: Files,
    cameras: Annotated[
        str, Form(max_length=4000, description="Ids, separated by commas; * for all.", examples=["*"])
    ] = "*",
    valid_from: Annotated[Moment | None, Form(description="Now, if left out.")] = None,
    evidence: Annotated[UploadFile | None, File(description="The signed consent; only its digest is stored.")] = None,
    evidence_digest: Annotated[str | None, Form(pattern="^[0-9a-f]{64}$", description="Or its SHA-256.")] = None,
    times: Annotated[
        str, Form(max_length=4000, description="Hours as in a further consent, a JSON list; none: at all hours.")
    ] = "[]",
    faces: Faces = "",
    acknowledged: Acknowledged = "",
) -> EnrolmentOut:
    """Enrols a person from pictures and a consent. The answer lists refused pictures; if all are refused, no subject is
    made. Refused with `likely_duplicate` if the gallery has a similar subject: the error lists such subjects, and the
    same request is accepted once it acknowledges them. For this check each picture is searched for among all people
    whose consent is in force, with two entries in the log."""
    consent = NewConsent(
        purpose=purpose,
        cameras=camera_ids(cameras.split(",")),
        valid_from=valid_from,
        valid_until=valid_until,
        evidence_digest=evidence_digest_of(evidence, evidence_digest),
        times=times_of(times),
    )
    enrolment = service.people.enrol(
        caller,
        name=name,
        pictures=pictures_of(files, faces),
        consent=consent,
        acknowledged=split(acknowledged),
        looking=lambda: LOOKING.taken(caller.account.id, ENROLMENT_SECONDS),
    )
    return EnrolmentOut(
        subject=SubjectOut.of(enrolment.subject),
        consent=None if enrolment.consent is None else ConsentOut.of(enrolment.consent, service),
        accepted=references_out(service, enrolment),
        refused=[RefusedOut.of(refused) for refused in enrolment.refused],
        warnings=purpose_warnings(service, purpose),
    )


@router.get(
    "/{subject_id}", operation_id="get_subject", summary="One subject", openapi_extra=asks(Permission.SUBJECTS_READ)
)
def get_subject(subject_id: str, caller: Caller, service: ServiceDep) -> SubjectDetailOut:
    """A subject with consents and references. The log records that the name was shown."""
    people = service.people
    return SubjectDetailOut(
        subject=SubjectOut.of(people.subject(caller, subject_id)),
        consents=[ConsentOut.of(consent, service) for consent in people.consents(subject_id)],
        references=[ReferenceOut.of(reference) for reference in people.references(subject_id)],
    )


@router.get(
    "/{subject_id}/declaration",
    operation_id="get_declaration",
    summary="A person's declared groups",
    openapi_extra=asks(Permission.SUBJECTS_WRITE),
)
def get_declaration(subject_id: str, service: ServiceDep) -> DeclarationOut:
    """The stored declaration, for the person to see."""
    return DeclarationOut(attributes=dict(service.matcher.declarations.declaration(subject_id).attributes))


@router.put(
    "/{subject_id}/declaration",
    operation_id="declare_groups",
    summary="Declare groups of a person",
    openapi_extra=asks(Permission.SUBJECTS_WRITE),
)
def declare_groups(subject_id: str, new: DeclarationIn, caller: Caller, service: ServiceDep) -> DeclarationOut:
    """Stores the person's declaration in place of an earlier one. It needs the person's agreement to the use for
    measuring fairness, its only use."""
    made = service.matcher.declarations.declare(subject_id, new.attributes, caller.actor)
    return DeclarationOut(attributes=dict(made.attributes))


@router.delete(
    "/{subject_id}/declaration",
    operation_id="remove_declaration",
    summary="Delete a person's declaration",
    status_code=204,
    openapi_extra=asks(Permission.SUBJECTS_WRITE),
)
def remove_declaration(subject_id: str, caller: Caller, service: ServiceDep) -> None:
    """Deletes and overwrites it; the log records only that there was one."""
    service.matcher.declarations.remove(subject_id, caller.actor)


@router.delete(
    "/{subject_id}",
    operation_id="withdraw_subject",
    summary="Withdraw a person",
    status_code=204,
    openapi_extra=asks(Permission.SUBJECTS_WRITE),
)
def withdraw_subject(subject_id: str, caller: Caller, service: ServiceDep) -> None:
    """Withdraws a person. After the answer no search finds them, and name, templates and pictures are destroyed."""
    service.people.withdraw(caller, subject_id)
