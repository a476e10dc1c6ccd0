"""Cameras, their health and their live views."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, ClassVar, Literal, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.access.account import Principal
from api.http.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.service import Service
from ingest.camera.address import is_local, parse_address
from ingest.camera.camera import Camera, Credentials
from ingest.camera.camera_settings import ChangedSettings
from ingest.camera.camera_store import (
    MAX_SNAPSHOT_SECONDS,
    MIN_SNAPSHOT_SECONDS,
    CameraInvalidError,
)
from ingest.camera.health import CameraState, Health
from matcher.errors import ClearglassError

router = APIRouter(prefix="/cameras", tags=["cameras"], route_class=GuardedRoute)

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Lobby"])]
Purpose = Annotated[str, Field(min_length=1, max_length=100, examples=["door-opening"])]
Place = Annotated[str, Field(min_length=1, max_length=2000, examples=["rtsp://192.168.1.20:554/stream1"])]
Substream = Annotated[str, Field(min_length=1, max_length=2000, examples=["rtsp://192.168.1.20:554/stream2"])]
Rate = Annotated[float, Field(gt=0, le=30, allow_inf_nan=False, description="Frames analysed a second.")]
Pixels = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False, description="Between the eyes, at least.")]
Rotation = Annotated[
    Literal[0, 90, 180, 270], Field(description="Degrees clockwise by which the picture is turned before any analysis.")
]
Mirrored = Annotated[bool, Field(description="Left and right are exchanged, after the rotation.")]
Aspect = Annotated[
    str,
    Field(
        min_length=1,
        max_length=20,
        description="Width to height of the whole picture before the rotation, for cameras that squeeze it and do not "
        "say so. It overrides the stream's sample aspect ratio; null: the stream's own holds.",
        examples=["16:9"],
    ),
]
Certificate = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="For rtsps and https. null: a trusted CA must have issued the certificate for the address's host; "
        '"sha256:" and 64 hex digits: exactly this certificate; "unverified": any certificate.',
        examples=["sha256:" + "0123456789abcdef" * 4],
    ),
]
SnapshotSeconds = Annotated[
    float,
    Field(
        ge=MIN_SNAPSHOT_SECONDS,
        le=MAX_SNAPSHOT_SECONDS,
        allow_inf_nan=False,
        description="Pause between two requests to a camera that sends one still picture per request, in seconds.",
    ),
]
TimeZone = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        description="IANA name of the time zone in which the hours of consents are read for this camera's searches. "
        "null: the site's time zone.",
        examples=["Europe/Berlin"],
    ),
]

_REMOVABLE = frozenset({"credentials", "substream", "aspect", "certificate", "time_zone"})


class ViewUnknownError(ClearglassError):
    """The camera has no live view at the moment, or not the requested one."""

    code: ClassVar[str] = "view_unknown"


class CredentialsIn(BaseModel):
    """A camera's login: written, never read back. username: the present login's if left out."""

    model_config = ConfigDict(hide_input_in_errors=True)
    username: Annotated[str | None, Field(max_length=200, examples=["viewer"])] = None
    password: Annotated[str, Field(max_length=200, examples=["…"])]

    def noun(self, present: Credentials | None = None) -> Credentials:
        """Converts it to the ingest package's `Credentials`. Raises: CameraInvalidError."""
        if self.username is not None:
            return Credentials(username=self.username, password=self.password)
        if present is None:
            raise CameraInvalidError("The camera has no login yet.", remedy="Give a user name with the password.")
        return replace(present, password=self.password)


class CameraIn(BaseModel):
    """A new camera. purpose: of its searches; only people with a consent for it are found. substream: a smaller picture
    of the same view, from the same host and port, in which faces are detected.
    """

    model_config = ConfigDict(hide_input_in_errors=True)
    name: Name
    address: Place
    purpose: Purpose
    credentials: CredentialsIn | None = None
    substream: Substream | None = None
    analysed_fps: Rate = 5.0
    min_eye_distance: Pixels = 20.0
    enabled: bool = True
    rotation: Rotation = 0
    mirrored: Mirrored = False
    aspect: Aspect | None = None
    certificate: Certificate | None = None
    snapshot_seconds: SnapshotSeconds = 1.0
    time_zone: TimeZone | None = None


class CameraChange(BaseModel):
    """The settings to change; others stay. credentials, substream, aspect, certificate, time_zone: null removes the
    login, the substream or the aspect, restores the certificate's verification, or restores the site's time zone.
    """

    model_config = ConfigDict(hide_input_in_errors=True)
    name: Name | None = None
    address: Place | None = None
    purpose: Purpose | None = None
    credentials: CredentialsIn | None = None
    substream: Substream | None = None
    analysed_fps: Rate | None = None
    min_eye_distance: Pixels | None = None
    enabled: bool | None = None
    rotation: Rotation | None = None
    mirrored: Mirrored | None = None
    aspect: Aspect | None = None
    certificate: Certificate | None = None
    snapshot_seconds: SnapshotSeconds | None = None
    time_zone: TimeZone | None = None

    def noun(self, present: Camera) -> ChangedSettings:
        """Converts it to the ingest package's `ChangedSettings`. present: the camera as it is. Raises:
        CameraInvalidError."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if self.credentials is not None:
            given["credentials"] = self.credentials.noun(present.credentials)
        kept = {name: value for name, value in given.items() if value is not None or name in _REMOVABLE}
        return cast(ChangedSettings, kept)


class HealthOut(BaseModel):
    """A camera's health. Counters are since the service started; rates over the last seconds.

    received_packets, lost_packets: RTP packets. turned: degrees clockwise to add to the camera's rotation to make its
    faces upright; null if they are. retry_at: when a refused login is tried next.
    """

    camera_id: str
    state: CameraState
    width: int
    height: int
    frame_rate: float
    bitrate: float
    analysed_rate: float
    newest_frame_age: float | None
    frames: int
    analysed: int
    dropped: int
    bytes: int
    reconnects: int
    restarts: int
    passages: int
    refused: dict[str, int]
    error: str | None
    received_packets: int
    lost_packets: int
    turned: int | None
    retry_at: datetime | None

    @classmethod
    def of(cls, health: Health) -> "HealthOut":
        """From an ingest `Health`."""
        return cls.model_validate(asdict(health))


class CameraOut(BaseModel):
    """A camera. Its login is never shown, only if it has one."""

    id: str = Field(examples=["3fa85f64-5717-4562-b3fc-2c963f66afa6"])
    name: Name
    address: str
    purpose: Purpose
    has_credentials: bool
    substream: str | None
    analysed_fps: float
    min_eye_distance: float
    enabled: bool
    rotation: int
    mirrored: bool
    aspect: str | None
    certificate: str | None
    snapshot_seconds: float
    time_zone: str | None
    health: HealthOut

    @classmethod
    def of(cls, camera: Camera, health: Health, caller: Principal) -> "CameraOut":
        """From the camera and its health. Only callers who may change it see the path: some cameras have a password
        there."""
        shown = str if caller.may(Permission.CAMERAS_WRITE) else _place
        return cls(
            id=camera.id,
            name=camera.name,
            address=shown(camera.address),
            purpose=camera.purpose,
            has_credentials=camera.credentials is not None,
            substream=None if camera.substream is None else shown(camera.substream),
            analysed_fps=camera.analysed_fps,
            min_eye_distance=camera.min_eye_distance,
            enabled=camera.enabled,
            rotation=camera.rotation,
            mirrored=camera.mirrored,
            aspect=camera.aspect,
            certificate=camera.certificate,
            snapshot_seconds=camera.snapshot_seconds,
            time_zone=camera.time_zone,
            health=HealthOut.of(health),
        )


@router.get("", operation_id="list_cameras", summary="List cameras", openapi_extra=asks(Permission.CAMERAS_READ))
def list_cameras(caller: Caller, service: ServiceDep) -> list[CameraOut]:
    """Every camera with its health, by name."""
    return [_out(camera, service, caller) for camera in service.camera_control.all()]


@router.post(
    "",
    operation_id="add_camera",
    summary="Add a camera",
    status_code=201,
    openapi_extra=asks(Permission.CAMERAS_WRITE),
)
def add_camera(new: CameraIn, caller: Caller, service: ServiceDep) -> CameraOut:
    """Adds a camera and starts it. Its address must be in a network and on a port that this site allows. Only a
    command on this machine may add a file or a webcam."""
    given = {name: getattr(new, name) for name in CameraIn.model_fields}
    given["credentials"] = None if new.credentials is None else new.credentials.noun()
    camera = service.camera_control.add(caller, **given)
    return _out(camera, service, caller)


@router.get(
    "/{camera_id}", operation_id="get_camera", summary="One camera", openapi_extra=asks(Permission.CAMERAS_READ)
)
def get_camera(camera_id: str, caller: Caller, service: ServiceDep) -> CameraOut:
    """One camera with its health."""
    return _out(service.camera_control.camera(camera_id), service, caller)


@router.patch(
    "/{camera_id}",
    operation_id="change_camera",
    summary="Change a camera",
    openapi_extra=asks(Permission.CAMERAS_WRITE),
)
def change_camera(camera_id: str, change: CameraChange, caller: Caller, service: ServiceDep) -> CameraOut:
    """Changes a camera and restarts it. After a change of host or port, login, substream and certificate must be given
    again."""
    changed = change.noun(service.camera_control.camera(camera_id))
    camera = service.camera_control.change(caller, camera_id, **changed)
    return _out(camera, service, caller)


@router.delete(
    "/{camera_id}",
    operation_id="remove_camera",
    summary="Remove a camera",
    status_code=204,
    openapi_extra=asks(Permission.CAMERAS_WRITE),
)
def remove_camera(camera_id: str, caller: Caller, service: ServiceDep) -> None:
    """Stops a camera and removes it with its login. Its alerts and log entries stay."""
    service.camera_control.remove(caller, camera_id)


@router.get(
    "/{camera_id}/view.jpg",
    operation_id="camera_view",
    summary="The newest live view",
    openapi_extra=asks(Permission.LIVE, bucket=Bucket.VIEWS),
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "A JPEG in which strangers are blurred."}},
)
def camera_view(
    camera_id: str,
    service: ServiceDep,
    n: Annotated[
        int | None, Query(ge=0, lt=2**53, description="The number a `view` event gave; else the newest.")
    ] = None,
) -> Response:
    """A live view, held in memory only. The first request of a viewer may come too early: ask again."""
    view = service.camera_control.view(camera_id, n)
    if view is None:
        raise ViewUnknownError(
            "The camera has no live view yet." if n is None else f"The camera has no live view {n}, or no longer.",
            remedy="Ask again in a second, for the newest.",
        )
    return Response(view.jpeg, media_type="image/jpeg", headers={"X-View-Number": str(view.number)})


def _out(camera: Camera, service: Service, caller: Principal) -> CameraOut:
    return CameraOut.of(camera, service.camera_control.health(camera.id), caller)


def _place(address: str) -> str:
    return "local" if is_local(address) else str(parse_address(address))
