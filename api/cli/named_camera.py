"""Finds a command's camera by name or id: people know its name, the database its id."""

from collections.abc import Iterable
from typing import Any

from api.cli.client import Client
from matcher.consent.rule import ANY_CAMERA, UPLOAD


def named_camera(client: Client, name_or_id: str) -> dict[str, Any]:
    """The camera of this id or name. Raises: CameraUnknownError, which lists the cameras."""
    from ingest.camera.camera_store import CameraUnknownError

    cameras: list[dict[str, Any]] = client.get("/cameras")
    for key in ("id", "name"):
        for camera in cameras:
            if camera[key] == name_or_id:
                return camera
    known = ", ".join(camera["name"] for camera in cameras)
    raise CameraUnknownError(
        f"There is no camera {name_or_id!r}.",
        remedy=f"There are: {known}." if known else "There is none yet: clearglass camera add NAME ADDRESS --purpose …",
    )


def camera_ids(client: Client, names: Iterable[str]) -> list[str]:
    """The ids of the cameras that a consent names; `upload`, which stands for pictures handed in, stays.

    No name is every camera. Raises: CameraUnknownError, so that no consent covers less than intended.
    """
    ids = {name if name in {ANY_CAMERA, UPLOAD} else named_camera(client, name)["id"] for name in names}
    return sorted(ids) or [ANY_CAMERA]
