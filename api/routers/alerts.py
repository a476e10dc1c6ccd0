"""Alerts and their reviews."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from api.http.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.use_cases.reviewing import ShownAlert, ShownReview
from matcher.alerts.alert import AlertStatus
from matcher.alerts.review import Verdict

router = APIRouter(prefix="/alerts", tags=["alerts"], route_class=GuardedRoute)

_JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "A JPEG of the face."}}


class AlertOut(BaseModel):
    """A candidate raised for review. subject_name is null for roles that may not see names, and after withdrawal."""

    id: str = Field(examples=["1f0c8b9e-8a0d-4a5e-9d2f-6f3c2a1b0e9d"])
    camera_id: str
    camera_name: str | None
    subject_id: str
    subject_name: str | None
    reference_id: str
    request_index: int
    outcome_index: int
    dissimilarity: float
    stands_for_fmr: float | None = Field(
        description="The share of strangers at this dissimilarity or closer; null without a scale, and if another "
        "model found the alert."
    )
    stands_for: str | None = Field(
        description="The same in words, and whether it is a bound.",
        examples=["of strangers, 1 in 120,000 is as close"],
    )
    operating_point: str = Field(examples=["fmr-1e-5"])
    threshold: float = Field(
        description="The operating point's at the search. If it has changed since, its evidence is not this alert's."
    )
    captured_at: AwareDatetime
    raised_at: AwareDatetime
    status: AlertStatus

    @classmethod
    def of(cls, shown: ShownAlert) -> "AlertOut":
        """From the alert, as its caller may see it."""
        alert, stands_for = shown.alert, shown.stands_for
        return cls(
            id=alert.id,
            camera_id=alert.camera_id,
            camera_name=shown.camera_name,
            subject_id=alert.subject_id,
            subject_name=shown.subject_name,
            reference_id=alert.reference_id,
            request_index=alert.request_index,
            outcome_index=alert.outcome_index,
            dissimilarity=alert.dissimilarity,
            stands_for_fmr=None if stands_for is None else stands_for.fmr,
            stands_for=None if stands_for is None else stands_for.words(),
            operating_point=alert.operating_point,
            threshold=shown.threshold,
            captured_at=alert.captured_at,
            raised_at=alert.raised_at,
            status=alert.status,
        )


class AlertCountsOut(BaseModel):
    """How many alerts there are of each status. For an account that may review, `open` counts alerts that wait for its
    review, and `awaiting_second` those that it has confirmed itself."""

    open: int
    awaiting_second: int
    confirmed: int
    rejected: int


class ReviewIn(BaseModel):
    """A verdict. Two different people have to confirm; one may reject."""

    verdict: Verdict
    note: Annotated[str | None, Field(max_length=2000, examples=["Same scar over the left eye."])] = None


class ReviewOut(BaseModel):
    """A review. reviewer_name and note are null for roles that may not see names: people write them in notes too."""

    alert_id: str
    reviewer: str = Field(examples=["user:7c9e6679-7425-40de-944b-e07fc1f90ae7"])
    reviewer_name: str | None = Field(examples=["grace"])
    verdict: Verdict
    note: str | None
    reviewed_at: AwareDatetime
    audit_index: int

    @classmethod
    def of(cls, shown: ShownReview) -> "ReviewOut":
        """From the review, as its caller may see it."""
        review = shown.review
        return cls(
            alert_id=review.alert_id,
            reviewer=review.reviewer,
            reviewer_name=shown.reviewer_name,
            verdict=review.verdict,
            note=review.note,
            reviewed_at=review.reviewed_at,
            audit_index=review.audit_index,
        )


@router.get("", operation_id="list_alerts", summary="List alerts", openapi_extra=asks(Permission.ALERTS_READ))
def list_alerts(
    caller: Caller,
    service: ServiceDep,
    status: Annotated[AlertStatus | None, Query(description="Only of this status.")] = None,
    before: Annotated[str | None, Query(max_length=64, description="Only older than this alert.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[AlertOut]:
    """Alerts, newest first."""
    found = service.reviewing.page(caller, status=status, before=before, limit=limit)
    return [AlertOut.of(shown) for shown in found]


@router.get(
    "/counts",
    operation_id="count_alerts",
    summary="How many alerts there are",
    openapi_extra=asks(Permission.ALERTS_READ),
)
def count_alerts(caller: Caller, service: ServiceDep) -> AlertCountsOut:
    """How many alerts there are of each status, as this caller may see it."""
    counts = service.reviewing.counts(caller)
    return AlertCountsOut(**{status.value: count for status, count in counts.items()})


@router.get("/{alert_id}", operation_id="get_alert", summary="One alert", openapi_extra=asks(Permission.ALERTS_READ))
def get_alert(alert_id: str, caller: Caller, service: ServiceDep) -> AlertOut:
    """One alert."""
    return AlertOut.of(service.reviewing.alert(caller, alert_id))


@router.get(
    "/{alert_id}/probe.jpg",
    operation_id="alert_probe",
    summary="The face that was seen",
    openapi_extra=asks(Permission.PICTURES, bucket=Bucket.VIEWS),
    response_class=Response,
    responses=_JPEG,
)
def probe_picture(alert_id: str, caller: Caller, service: ServiceDep) -> Response:
    """The face as the camera saw it, unsealed for this answer. The read is logged."""
    return Response(service.reviewing.probe_picture(caller, alert_id), media_type="image/jpeg")


@router.get(
    "/{alert_id}/reference.jpg",
    operation_id="alert_reference",
    summary="The face it was matched with",
    openapi_extra=asks(Permission.PICTURES, bucket=Bucket.VIEWS),
    response_class=Response,
    responses=_JPEG,
)
def reference_picture(alert_id: str, caller: Caller, service: ServiceDep) -> Response:
    """The enrolled face, unsealed for this answer. The read is logged."""
    return Response(service.reviewing.reference_picture(caller, alert_id), media_type="image/jpeg")


@router.get(
    "/{alert_id}/reviews",
    operation_id="list_reviews",
    summary="An alert's reviews",
    openapi_extra=asks(Permission.ALERTS_READ),
)
def list_reviews(alert_id: str, caller: Caller, service: ServiceDep) -> list[ReviewOut]:
    """The reviews with their verdicts. An account that could still be the second reviewer gets none, and so does not
    learn that there was a first: only a confirmation leaves an alert undecided."""
    return [ReviewOut.of(shown) for shown in service.reviewing.reviews(caller, alert_id)]


@router.post(
    "/{alert_id}/reviews",
    operation_id="review_alert",
    summary="Confirm or reject",
    status_code=201,
    openapi_extra=asks(Permission.REVIEW, session=True),
)
def review_alert(alert_id: str, new: ReviewIn, caller: Caller, service: ServiceDep) -> ReviewOut:
    """Records if the two pictures show the same person. Once for each account, and not with a token."""
    return ReviewOut.of(service.reviewing.review(caller, alert_id, new.verdict, new.note))
