"""The observer of the cameras' views and health."""

from typing import Protocol

from ingest.camera.health import Health
from ingest.messages.message import View


class Observer(Protocol):
    """Is notified by the supervisor, in the thread of the camera concerned: so it must not block."""

    def viewed(self, camera_id: str, view: View) -> None:
        """A new live view; made only while there are viewers (Supervisor.watching)."""
        ...

    def reported(self, camera_id: str, health: Health) -> None:
        """A camera's health, about once a second and at each change of state."""
        ...


class NullObserver:
    """Ignores everything."""

    def viewed(self, camera_id: str, view: View) -> None:
        """Passes it over."""

    def reported(self, camera_id: str, health: Health) -> None:
        """Passes it over."""
