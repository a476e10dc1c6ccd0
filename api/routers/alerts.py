"""Alerts and what people say of them."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from api.access.account import Principal
from api.access.account_store import AccountUnknownError
from api.gallery_reads import Seen
from api.http.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.service import Service
from matcher.alerts.alert import Alert, AlertStatus
from matcher.alerts.review import Review, Verdict
from matcher.recognition.scale import StandsFor

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
        description="Share of strangers as close; null without a scale, and where another model found the alert."
    )
    stands_for: str | None = Field(
        description="The same in words, and whether it is a bound.",
        examples=["of strangers, 1 in 120,000 is as close"],
    )
    operating_point: str = Field(examples=["fmr-1e-5"])
    threshold: float = Field(
        description="The operating point's at the search. If it is another now, its evidence is not this alert's."
    )
    captured_at: AwareDatetime
    raised_at: AwareDatetime
    status: AlertStatus

    @classmethod
    def of(
        cls,
        alert: Alert,
        *,
        camera_name: str | None,
        subject_name: str | None,
        stands_for: StandsFor | None,
        threshold: float,
    ) -> "AlertOut":
        """From the noun."""
        return cls(
            id=alert.id,
            camera_id=alert.camera_id,
            camera_name=camera_name,
            subject_id=alert.subject_id,
            subject_name=subject_name,
            reference_id=alert.reference_id,
            request_index=alert.request_index,
            outcome_index=alert.outcome_index,
            dissimilarity=alert.dissimilarity,
            stands_for_fmr=None if stands_for is None else stands_for.fmr,
            stands_for=None if stands_for is None else stands_for.words(),
            operating_point=alert.operating_point,
            threshold=threshold,
            captured_at=alert.captured_at,
            raised_at=alert.raised_at,
            status=alert.status,
        )


class AlertCountsOut(BaseModel):
    """How many alerts there are of each status. To an account that reviews, `open` is what waits for its review, and
    `awaiting_second` what it has confirmed itself."""

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


@router.get("", operation_id="list_alerts", summary="List alerts", openapi_extra=asks(Permission.ALERTS_READ))
def list_alerts(
    caller: Caller,
    service: ServiceDep,
    status: Annotated[AlertStatus | None, Query(description="Only of this status.")] = None,
    before: Annotated[str | None, Query(max_length=64, description="Only older than this alert.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[AlertOut]:
    """Alerts, newest first."""
    found = service.matcher.alerts.alerts(status=status, limit=limit, before=before, reviewer=_blind(caller))
    service.gallery_reads.names(caller, count=len({alert.subject_id for alert in found}))
    return alerts_out(found, service, caller)


@router.get(
    "/counts",
    operation_id="count_alerts",
    summary="How many alerts there are",
    openapi_extra=asks(Permission.ALERTS_READ),
)
def count_alerts(caller: Caller, service: ServiceDep) -> AlertCountsOut:
    """How many alerts there are of each status, as this caller may see it."""
    counts = service.matcher.alerts.counts(reviewer=_blind(caller))
    return AlertCountsOut(**{status.value: count for status, count in counts.items()})


@router.get("/{alert_id}", operation_id="get_alert", summary="One alert", openapi_extra=asks(Permission.ALERTS_READ))
def get_alert(alert_id: str, caller: Caller, service: ServiceDep) -> AlertOut:
    """One alert."""
    alert = service.matcher.alerts.alert(alert_id)
    service.gallery_reads.names(caller, subject=alert.subject_id)
    return alerts_out([alert], service, caller)[0]


@router.get(
    "/{alert_id}/probe.jpg",
    operation_id="alert_probe",
    summary="The face that was seen",
    openapi_extra=asks(Permission.PICTURES, bucket=Bucket.VIEWS),
    response_class=Response,
    responses=_JPEG,
)
def probe_picture(alert_id: str, caller: Caller, service: ServiceDep) -> Response:
    """The face as the camera saw it, opened from its seal for this answer alone. The looking is logged."""
    return _picture(alert_id, 0, caller, service)


@router.get(
    "/{alert_id}/reference.jpg",
    operation_id="alert_reference",
    summary="The face it was matched with",
    openapi_extra=asks(Permission.PICTURES, bucket=Bucket.VIEWS),
    response_class=Response,
    responses=_JPEG,
)
def reference_picture(alert_id: str, caller: Caller, service: ServiceDep) -> Response:
    """The enrolled face, opened from its seal for this answer alone. The looking is logged."""
    return _picture(alert_id, 1, caller, service)


@router.get(
    "/{alert_id}/reviews",
    operation_id="list_reviews",
    summary="An alert's reviews",
    openapi_extra=asks(Permission.ALERTS_READ),
)
def list_reviews(alert_id: str, caller: Caller, service: ServiceDep) -> list[ReviewOut]:
    """Who said what. Whoever could still be the second reviewer is not even told that there was a first: only a
    confirmation leaves an alert undecided."""
    alerts = service.matcher.alerts
    alert, reviews = alerts.alert(alert_id), alerts.reviews(alert_id)
    own = any(review.reviewer == caller.actor for review in reviews)
    settled = alert.status in {AlertStatus.CONFIRMED, AlertStatus.REJECTED}
    if caller.may(Permission.REVIEW) and not own and not settled:
        return []
    return [_review(review, service, caller) for review in reviews]


@router.post(
    "/{alert_id}/reviews",
    operation_id="review_alert",
    summary="Confirm or reject",
    status_code=201,
    openapi_extra=asks(Permission.REVIEW, session=True),
)
def review_alert(alert_id: str, new: ReviewIn, caller: Caller, service: ServiceDep) -> ReviewOut:
    """Says whether the two pictures show the same person. Once for each account, and by nobody's token."""
    alerts = service.matcher.alerts
    review = alerts.review(alert_id, caller.actor, new.verdict, new.note)
    service.events.reviewed(alerts.alert(alert_id))
    return _review(review, service, caller)


def _picture(alert_id: str, which: int, caller: Principal, service: Service) -> Response:
    """One of an alert's two pictures. The log holds the account that looks at it before it is shown."""
    alerts = service.matcher.alerts
    subject = alerts.alert(alert_id).subject_id
    service.gallery_reads.picture(Seen.ALERT_PICTURES, caller, subject)
    return Response(alerts.pictures(alert_id)[which], media_type="image/jpeg")


def alerts_out(alerts: "list[Alert] | tuple[Alert, ...]", service: Service, caller: Principal) -> list[AlertOut]:
    """Alerts as this caller may see them, with the names of cameras and, if allowed, of people."""
    cameras = {camera.id: camera.name for camera in service.cameras.list()} if alerts else {}
    people = {alert.subject_id for alert in alerts} if caller.may(Permission.NAMES) else set()
    thresholds = service.matcher.alerts.thresholds(alerts)
    names = {person: service.matcher.gallery.subject(person).name for person in people}
    return [
        AlertOut.of(
            replace(alert, status=_shown_status(alert, service, caller)),
            camera_name=cameras.get(alert.camera_id),
            subject_name=names.get(alert.subject_id),
            stands_for=service.matcher.stands_for(alert.dissimilarity, request_index=alert.request_index),
            threshold=thresholds[alert.id],
        )
        for alert in alerts
    ]


def _blind(caller: Principal) -> str | None:
    """The actor of a caller who may not know of a first confirmation but their own; None for all others."""
    return caller.actor if caller.may(Permission.REVIEW) else None


def _shown_status(alert: Alert, service: Service, caller: Principal) -> AlertStatus:
    """To whoever could still be the second reviewer an alert is open: that there was a first would tell the verdict."""
    blind = alert.status is AlertStatus.AWAITING_SECOND and caller.may(Permission.REVIEW)
    if blind and caller.actor not in {review.reviewer for review in service.matcher.alerts.reviews(alert.id)}:
        return AlertStatus.OPEN
    return alert.status


def _review(review: Review, service: Service, caller: Principal) -> ReviewOut:
    return ReviewOut(
        alert_id=review.alert_id,
        reviewer=review.reviewer,
        reviewer_name=_name_of(review.reviewer, service) if caller.may(Permission.NAMES) else None,
        verdict=review.verdict,
        note=review.note if caller.may(Permission.NAMES) else None,
        reviewed_at=review.reviewed_at,
        audit_index=review.audit_index,
    )


def _name_of(reviewer: str, service: Service) -> str | None:
    try:
        return service.accounts.get(reviewer.removeprefix("user:")).name
    except AccountUnknownError:
        return None
