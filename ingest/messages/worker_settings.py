"""The settings of the camera and of the site that a worker process needs to analyse the camera's stream."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ingest.camera.camera import Camera

if TYPE_CHECKING:
    # A worker process needs neither this nor pydantic.
    from ingest.settings import IngestSettings


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """The fields of `Camera` and `IngestSettings` of the same names; times in seconds."""

    analysed_fps: float
    min_eye_distance: float
    open_seconds: float
    stall_seconds: float
    backoff_first_seconds: float
    backoff_cap_seconds: float
    passage_gap_seconds: float
    search_again_seconds: float
    confirm_again_seconds: float
    better_by: float
    view_width: int
    view_fps: float

    @classmethod
    def of(cls, camera: Camera, settings: "IngestSettings") -> "WorkerSettings":
        """Takes each field from the camera where the camera has it, else from the site's settings."""
        names = (field.name for field in fields(cls))
        return cls(**{name: getattr(camera if hasattr(camera, name) else settings, name) for name in names})
