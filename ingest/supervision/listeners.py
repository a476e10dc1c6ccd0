"""Notifies the observer and the metrics of one camera's views, searches and health."""

import logging
from collections.abc import Callable, Mapping, Sequence

from ingest.camera.health import Health
from ingest.messages.message import View
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.observer import Observer
from matcher.process.child_process import place_of

_LOG = logging.getLogger(__name__)


class Listeners:
    """Notifies them. Their errors are logged: they must not end a camera."""

    def __init__(self, camera_id: str, *, observer: Observer, metrics: IngestMetrics) -> None:
        self._camera_id = camera_id
        self._observer = observer
        self._metrics = metrics

    def viewed(self, view: View) -> None:
        """There is a new live view."""
        self._tell(self._observer.viewed, self._camera_id, view)

    def decided(self, seconds: float, outcome: str) -> None:
        """A search has ended. seconds: since its picture arrived."""
        self._tell(self._metrics.decided, self._camera_id, seconds, outcome)

    def reported(self, before: Health, health: Health, stages: Mapping[str, Sequence[float]]) -> None:
        """The camera's health, what it was before, and the times of each stage since then."""
        self._tell(self._metrics.reported, before, health, stages)
        self._tell(self._observer.reported, self._camera_id, health)

    def _tell(self, told: Callable[..., None], *arguments: object) -> None:
        try:
            told(*arguments)
        except Exception as error:  # noqa: BLE001 - a listener's fault, at the top of a supervised thread
            _LOG.warning("A listener of camera %s raised an error (%s).", self._camera_id, place_of(error))
