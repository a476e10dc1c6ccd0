"""The settings of a camera that may be given when it is added, and changed afterwards."""

from typing import TypedDict

from ingest.camera.camera import Credentials


class CameraSettings(TypedDict, total=False):
    """Settings of a new camera, as `Camera` describes them. A missing one takes Camera's default."""

    credentials: Credentials | None
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


class ChangedSettings(CameraSettings, total=False):
    """The settings to change. A missing setting stays as it is; None removes a login, a substream, an aspect, a rule or
    a time zone."""

    name: str
    address: str
    purpose: str
