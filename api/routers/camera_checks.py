"""Checks of cameras: is a camera fit for recognition, and what should be changed?"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.camera_checks import CheckState
from api.http.guard import GuardedRoute, ServiceDep, asks
from api.permission import Permission
from ingest.check.check import CameraCheck
from ingest.check.finding import Aspect, Finding, Verdict
from ingest.check.suitability import Suitability
from ingest.messages.message import CheckFailed

router = APIRouter(prefix="/cameras", tags=["cameras"], route_class=GuardedRoute)


class CheckIn(BaseModel):
    """How long to measure, in seconds: some minutes in which people walk through the view are best."""

    seconds: Annotated[float, Field(ge=1, le=600, allow_inf_nan=False, examples=[120])] = 60.0


class FindingOut(BaseModel):
    """One property of a camera. measured, least, most: in `unit`; found, needed: the same as text. change: what to do,
    empty when it passes.
    """

    what: Aspect
    measured: float | None
    least: float | None
    most: float | None
    unit: str
    found: str
    needed: str
    verdict: Verdict
    change: str

    @classmethod
    def of(cls, finding: Finding) -> "FindingOut":
        """From a `Finding`."""
        return cls.model_validate(finding, from_attributes=True)


class SuitabilityOut(BaseModel):
    """The judgement. stands: the verdict as a sentence. warnings: what makes it less certain; notes: the same and the
    unknown findings. changes: what to change, of all findings."""

    verdict: Verdict
    stands: str
    warnings: list[str]
    notes: list[str]
    changes: list[str]
    findings: list[FindingOut]

    @classmethod
    def of(cls, judged: Suitability) -> "SuitabilityOut":
        """From a `Suitability`."""
        return cls(
            verdict=judged.verdict,
            stands=judged.stands,
            warnings=list(judged.warnings),
            notes=list(judged.notes),
            changes=list(judged.changes),
            findings=[FindingOut.of(finding) for finding in judged.findings],
        )


class StreamOut(BaseModel):
    """The measurement of the stream. frame_rate: frames a second. bitrate: bits a second. Both are 0 when fewer than
    two frames came. faces: detections in all analysed pictures; one person in ten pictures counts ten times. usable:
    good enough to search for.
    """

    codec: str
    width: int
    height: int
    seconds: float
    frame_rate: float
    bitrate: float
    looked_at: int
    faces: int
    usable: int

    @classmethod
    def of(cls, check: CameraCheck) -> "StreamOut":
        """From a `CameraCheck`."""
        return cls.model_validate(check, from_attributes=True)


class CheckProblem(BaseModel):
    """Why a camera could not be measured."""

    code: str
    message: str
    remedy: str

    @classmethod
    def of(cls, failed: CheckFailed) -> "CheckProblem":
        """From a `CheckFailed`."""
        return cls.model_validate(failed, from_attributes=True)


class CheckOut(BaseModel):
    """The newest check of a camera. gone: of `seconds`. stream, judged: when it is over; error: if it failed."""

    running: bool
    began_at: datetime
    gone: float
    seconds: float
    stream: StreamOut | None
    judged: SuitabilityOut | None
    error: CheckProblem | None

    @classmethod
    def of(cls, state: CheckState) -> "CheckOut":
        """From a `CheckState`."""
        return cls(
            running=state.running,
            began_at=state.began_at,
            gone=state.gone,
            seconds=state.seconds,
            stream=None if state.check is None else StreamOut.of(state.check),
            judged=None if state.judged is None else SuitabilityOut.of(state.judged),
            error=None if state.failed is None else CheckProblem.of(state.failed),
        )


@router.post(
    "/{camera_id}/check",
    operation_id="check_camera",
    summary="Begin to check a camera",
    status_code=202,
    openapi_extra=asks(Permission.CAMERAS_WRITE),
)
def check(camera_id: str, wish: CheckIn, service: ServiceDep) -> CheckOut:
    """Begins a check; read its result later. One camera is checked at a time. Nobody is searched for."""
    return CheckOut.of(service.camera_control.start_check(camera_id, seconds=wish.seconds))


@router.get(
    "/{camera_id}/check",
    operation_id="get_camera_check",
    summary="The newest check of a camera",
    openapi_extra=asks(Permission.CAMERAS_READ),
)
def get_check(camera_id: str, service: ServiceDep) -> CheckOut:
    """The progress of the newest check of a camera, or its result, which is kept until the service ends."""
    return CheckOut.of(service.camera_control.newest_check(camera_id))
