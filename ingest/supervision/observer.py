"""Who is told what the cameras see and how they do."""

from typing import Protocol

from ingest.camera.health import Health
from ingest.messages.message import View


class Observer(Protocol):
    """Told by the supervisor as things happen, from the thread of the camera in question: so it must not block."""

    def viewed(self, camera_id: str, view: View) -> None:
        """A new live view; made only while somebody looks (Supervisor.watching)."""
        ...

    def reported(self, camera_id: str, health: Health) -> None:
        """A camera's health, about once a second and at each change of state."""
        ...


class NullObserver:
    """Tells nobody."""

    def viewed(self, camera_id: str, view: View) -> None:
        """Passes it over."""

    def reported(self, camera_id: str, health: Health) -> None:
        """Passes it over."""
