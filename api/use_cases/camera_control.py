"""Adds, changes, removes and shows cameras, and keeps the running cameras equal to the stored ones."""

from typing import Unpack

from api.access.account import Principal
from api.camera_checks import CameraChecks, CheckState
from api.events import EventHub
from ingest.camera.camera import Camera, ListedCamera
from ingest.camera.camera_settings import CameraSettings, ChangedSettings
from ingest.camera.camera_store import CameraStore, CameraUnknownError
from ingest.camera.health import Health
from ingest.messages.message import View
from ingest.supervision.supervisor import Supervisor


class CameraControl:
    """The cameras as a caller may use them. Safe to use from several threads. checks: of cameras' fitness."""

    def __init__(self, cameras: CameraStore, supervisor: Supervisor, events: EventHub, checks: CameraChecks) -> None:
        self._cameras = cameras
        self._supervisor = supervisor
        self._events = events
        self.checks = checks

    def all(self) -> tuple[Camera, ...]:
        """Every camera, by name."""
        return self._cameras.list()

    def listed(self) -> dict[str, ListedCamera]:
        """Every camera by its id, for a list; quicker than `all`, since no login is opened."""
        return self._cameras.listed()

    def camera(self, camera_id: str) -> Camera:
        """One camera. Raises CameraUnknownError."""
        return self._cameras.get(camera_id)

    def health(self, camera_id: str) -> Health:
        """A camera's present health; an unknown one is stopped."""
        return self._supervisor.health(camera_id)

    def add(
        self, caller: Principal, *, name: str, address: str, purpose: str, **settings: Unpack[CameraSettings]
    ) -> Camera:
        """Adds a camera and starts it. Files and webcams are for commands. Raises as `CameraStore.add` does."""
        camera = self._cameras.add(
            actor=caller.actor, local=caller.command, name=name, address=address, purpose=purpose, **settings
        )
        self._run(camera.id)
        return camera

    def change(self, caller: Principal, camera_id: str, **change: Unpack[ChangedSettings]) -> Camera:
        """Changes a camera's settings and restarts it with them. Raises as `CameraStore.update` does."""
        camera = self._cameras.update(camera_id, actor=caller.actor, local=caller.command, **change)
        self._run(camera.id)
        return camera

    def remove(self, caller: Principal, camera_id: str) -> None:
        """Stops a camera and removes it with its login, views and checks. Raises CameraUnknownError."""
        self._cameras.remove(camera_id, actor=caller.actor)
        self._run(camera_id)
        self._events.forget(camera_id)
        self.checks.forget(camera_id)

    def view(self, camera_id: str, number: int | None) -> View | None:
        """A camera's newest live view, or the one of this frame number. Raises CameraUnknownError."""
        self._cameras.get(camera_id)
        return self._events.view(camera_id, number)

    def start_check(self, camera_id: str, *, seconds: float) -> CheckState:
        """Begins to check a camera. Raises CameraUnknownError, BusyError."""
        return self.checks.start(lambda: self._cameras.get(camera_id), seconds=seconds)

    def newest_check(self, camera_id: str) -> CheckState:
        """The newest check of a camera. Raises CameraUnknownError, CheckUnknownError."""
        return self.checks.of(self._cameras.get(camera_id).id)

    def _run(self, camera_id: str) -> None:
        """Makes the camera run with its stored settings; after two simultaneous changes either may be the last
        caller."""

        def load() -> Camera | None:
            try:
                return self._cameras.get(camera_id)
            except CameraUnknownError:
                return None

        self._supervisor.refresh(camera_id, load)
