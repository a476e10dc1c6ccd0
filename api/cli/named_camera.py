"""The camera that a command means: people know its name, the database its id."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.service import Service
    from ingest.camera import Camera


def named_camera(service: "Service", name_or_id: str) -> "Camera":
    """The camera of this id or name. Raises: CameraUnknownError, which names those that there are."""
    from ingest.camera_store import CameraUnknownError

    cameras = service.cameras.list()
    found = [one for one in cameras if name_or_id == one.id] or [one for one in cameras if name_or_id == one.name]
    if found:
        return found[0]
    known = ", ".join(camera.name for camera in cameras)
    raise CameraUnknownError(
        f"There is no camera {name_or_id!r}.",
        remedy=f"There are: {known}." if known else "There is none yet: clearglass camera add NAME ADDRESS --purpose …",
    )


def camera_ids(service: "Service", names: Iterable[str]) -> frozenset[str]:
    """The ids of the cameras that a consent names; `upload`, which stands for pictures handed in, stays.

    No name is every camera. Raises: CameraUnknownError, so that no consent covers less than was meant.
    """
    from matcher.gallery.consent import ANY_CAMERA, UPLOAD

    ids = {name if name in {ANY_CAMERA, UPLOAD} else named_camera(service, name).id for name in names}
    return frozenset(ids or {ANY_CAMERA})
