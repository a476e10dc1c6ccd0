"""Identifications (1:N) and verifications (1:1), logged before they begin and before they answer."""

from typing import Annotated, ClassVar

from fastapi import APIRouter, File, Form, Request, UploadFile
from pydantic import AwareDatetime, BaseModel, Field

from api.access.account import Principal
from api.http.about import about
from api.http.admission import LOOKING_TURN
from api.http.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.http.upload import ONE_PICTURE, TWO_PICTURES
from api.http.warning import WarningOut
from api.permission import Permission
from api.purposes import scope_warnings
from api.routers.operating_points import OperatingPointOut
from api.service import Service
from matcher.errors import ClearglassError
from matcher.probe.probe import Probe
from matcher.recognition.image import FORMATS
from matcher.search.candidate import Candidate, CandidateList

router = APIRouter(tags=["searches"], route_class=GuardedRoute)

Purpose = Annotated[str, Form(min_length=1, max_length=100, examples=["door-opening"])]
ONE_FACE = f"{FORMATS}, with one face, or with several and the index of one of them."
ReceiptPath = Annotated[
    str, Field(description="The address of the entry's receipt.", examples=["/api/v1/log/entries/7/receipt"])
]
FaceIndex = Annotated[
    int | None,
    Form(ge=1, description="The number of the face, if the picture shows several: from 1, the largest first."),
]
Case = Annotated[str | None, Form(max_length=200, description="Goes into the log.", examples=["2026-114"])]


class VerificationTargetError(ClearglassError):
    """The verification has no other side, or two."""

    code: ClassVar[str] = "verification_target"


class CandidateOut(BaseModel):
    """A subject at or below the threshold. Dissimilarities: lower is closer; they are no probabilities."""

    rank: int
    subject_id: str
    reference_id: str
    name: str | None
    dissimilarity: float
    scores: dict[str, float] = Field(description="By each embedder.", examples=[{"sface": 0.4, "dlib": 0.5}])
    stands_for_fmr: float | None = Field(
        description="The share of strangers at this dissimilarity or closer; null without a scale."
    )
    stands_for: str | None = Field(
        description="The same in words, and whether it is a bound.",
        examples=["of strangers, 1 in 120,000 is as close"],
    )


class SearchOut(BaseModel):
    """The result of one search, with the indexes of its two log entries."""

    candidates: list[CandidateOut]
    request_index: int
    request_receipt: ReceiptPath
    outcome_index: int
    outcome_receipt: ReceiptPath
    started_at: AwareDatetime
    ended_at: AwareDatetime
    searched: int = Field(description="References whose consent covered this search.")
    gallery_size: int
    gallery_revision: int
    warnings: list[WarningOut] = Field(description="For example that no consent covers the search.")

    @classmethod
    def of(
        cls, found: CandidateList, request: Request, caller: Principal, service: Service, purpose: str
    ) -> "SearchOut":
        """From the search, for this caller. purpose: of the search."""
        return cls(
            candidates=[_candidate(candidate, found.request_index, service, caller) for candidate in found.candidates],
            request_index=found.request_index,
            request_receipt=_receipt(request, found.request_index),
            outcome_index=found.outcome_index,
            outcome_receipt=_receipt(request, found.outcome_index),
            started_at=found.started_at,
            ended_at=found.ended_at,
            searched=found.searched,
            gallery_size=found.gallery_size,
            gallery_revision=found.gallery_revision,
            warnings=scope_warnings(found, purpose),
        )


class IdentificationOut(SearchOut):
    """The answer to one identification."""

    operating_point: OperatingPointOut


class VerificationOut(BaseModel):
    """The answer to one comparison."""

    mated: bool
    dissimilarity: float
    scores: dict[str, float] = Field(description="By each embedder.", examples=[{"sface": 0.4, "dlib": 0.5}])
    operating_point: OperatingPointOut
    request_index: int
    request_receipt: ReceiptPath
    outcome_index: int
    outcome_receipt: ReceiptPath


@router.post(
    "/identifications",
    operation_id="identify",
    summary="Search for the person in a picture (1:N)",
    status_code=201,
    openapi_extra=asks(Permission.SEARCH, max_body=ONE_PICTURE, bucket=Bucket.SEARCHES),
    dependencies=[LOOKING_TURN],
)
def identify(
    request: Request,
    caller: Caller,
    service: ServiceDep,
    file: Annotated[UploadFile, File(description=ONE_FACE)],
    purpose: Purpose,
    face: FaceIndex = None,
    case_reference: Case = None,
) -> IdentificationOut:
    """Searches the people whose consent covers this purpose and searches by picture, now. The picture is stored only if
    somebody is found."""
    probe = service.searching.probe(file.file, face)
    found = service.searching.identify(caller, probe, purpose=purpose, case_reference=case_reference)
    return IdentificationOut(
        **dict(SearchOut.of(found, request, caller, service, purpose)),
        operating_point=OperatingPointOut.of(found.operating_point),
    )


@router.post(
    "/verifications",
    operation_id="verify",
    summary="Compare a picture with another, or with a subject (1:1)",
    status_code=201,
    openapi_extra=asks(Permission.COMPARE, max_body=TWO_PICTURES, bucket=Bucket.SEARCHES),
    dependencies=[LOOKING_TURN],
)
def verify(
    request: Request,
    caller: Caller,
    service: ServiceDep,
    file: Annotated[UploadFile, File(description=ONE_FACE)],
    purpose: Purpose,
    face: FaceIndex = None,
    against: Annotated[UploadFile | None, File(description="A second picture.")] = None,
    against_face: FaceIndex = None,
    subject_id: Annotated[str | None, Form(max_length=64, description="Or an enrolled subject.")] = None,
    case_reference: Case = None,
) -> VerificationOut:
    """Compares a picture with a second one, or with an enrolled subject, which needs the permission to search."""
    other = _target(service, against, against_face, subject_id)
    with about("file"):
        probe = service.searching.probe(file.file, face)
    found = service.searching.verify(caller, probe, other, purpose=purpose, case_reference=case_reference)
    return VerificationOut(
        mated=found.mated,
        dissimilarity=found.dissimilarity,
        scores=dict(found.scores),
        operating_point=OperatingPointOut.of(found.operating_point),
        request_index=found.request_index,
        request_receipt=_receipt(request, found.request_index),
        outcome_index=found.outcome_index,
        outcome_receipt=_receipt(request, found.outcome_index),
    )


def _candidate(candidate: Candidate, request_index: int, service: Service, caller: Principal) -> CandidateOut:
    stands_for = service.matcher.stands_for(candidate.dissimilarity, request_index=request_index)
    return CandidateOut(
        rank=candidate.rank,
        subject_id=candidate.subject_id,
        reference_id=candidate.reference_id,
        name=service.people.name(caller, candidate.subject_id),
        dissimilarity=candidate.dissimilarity,
        scores=dict(candidate.scores),
        stands_for_fmr=None if stands_for is None else stands_for.fmr,
        stands_for=None if stands_for is None else stands_for.words(),
    )


def _target(service: Service, against: UploadFile | None, face: int | None, subject_id: str | None) -> str | Probe:
    if (against is None) == (subject_id is None):
        raise VerificationTargetError(
            "A verification needs exactly one other side.",
            remedy="Send a second picture as 'against', or a subject's id as 'subject_id'.",
        )
    if against is not None:
        with about("against"):
            return service.searching.probe(against.file, face)
    return str(subject_id)


def _receipt(request: Request, index: int) -> str:
    return str(request.app.url_path_for("get_receipt", index=index))
