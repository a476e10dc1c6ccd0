"""Keeps every camera going: one keeper thread and one worker process a camera, none of which can touch another's."""

from collections.abc import Callable, Iterable
from threading import Lock
from types import TracebackType

from ingest.camera import Camera
from ingest.health import CameraState, Health
from ingest.keeper import Keeper
from ingest.metrics import IngestMetrics
from ingest.observer import NullObserver, Observer
from ingest.search import Identifies, RaisesAlerts
from ingest.settings import IngestSettings
from matcher.recognition.recogniser import Recogniser


class Supervisor:
    """Starts, stops and watches the cameras. Every method may be called from any thread.

    recogniser_factory is called once in each worker process: it must be importable by name (pickled), such as
    `matcher.recognition.pipeline.load_recogniser` or a functools.partial of it.
    """

    def __init__(
        self,
        *,
        identifier: Identifies,
        alerts: RaisesAlerts,
        settings: IngestSettings,
        metrics: IngestMetrics,
        recogniser_factory: Callable[[], Recogniser],
        observer: Observer | None = None,
    ) -> None:
        self._identifier = identifier
        self._alerts = alerts
        self._settings = settings
        self._metrics = metrics
        self._recogniser_factory = recogniser_factory
        self._observer = observer or NullObserver()
        self._keepers: dict[str, Keeper] = {}
        self._lock = Lock()
        self._closed = False

    def add(self, camera: Camera) -> None:
        """Starts a camera; one that runs already is replaced. A disabled camera is known, and stopped."""
        with self._lock:
            old = self._keepers.pop(camera.id, None)
            if old is not None:
                old.stop()
            keeper = Keeper(
                camera=camera,
                identifier=self._identifier,
                alerts=self._alerts,
                observer=self._observer,
                settings=self._settings,
                metrics=self._metrics,
                recogniser_factory=self._recogniser_factory,
                watched=old.watched if old is not None else False,
            )
            self._keepers[camera.id] = keeper
            if not camera.enabled:
                # A camera that is switched off is not a camera that is down.
                self._metrics.forget(camera.id)
            elif not self._closed:
                keeper.start()

    def start(self, cameras: Iterable[Camera]) -> None:
        """Starts all of them."""
        for camera in cameras:
            self.add(camera)

    def remove(self, camera_id: str) -> None:
        """Stops a camera and forgets it; returns when its process is gone. An unknown one is passed over."""
        with self._lock:
            keeper = self._keepers.pop(camera_id, None)
            if keeper is not None:
                keeper.stop()
                self._metrics.forget(camera_id)

    def watching(self, camera_id: str, on: bool) -> None:
        """Says whether anybody looks at the camera's live view; nobody does at first. An unknown one is passed over."""
        keeper = self._keepers.get(camera_id)
        if keeper is not None:
            keeper.watching(on)

    def health(self, camera_id: str) -> Health:
        """How the camera does now; one that is not known here is STOPPED."""
        keeper = self._keepers.get(camera_id)
        return keeper.health() if keeper is not None else Health(camera_id=camera_id, state=CameraState.STOPPED)

    def healths(self) -> dict[str, Health]:
        """How every camera does, by its id."""
        return {camera_id: keeper.health() for camera_id, keeper in list(self._keepers.items())}

    def worker_pid(self, camera_id: str) -> int | None:
        """The process id of the camera's worker, None while there is none."""
        keeper = self._keepers.get(camera_id)
        return keeper.worker_pid if keeper is not None else None

    def close(self) -> None:
        """Stops every camera; returns when all their processes are gone."""
        with self._lock:
            self._closed = True
            for keeper in self._keepers.values():
                keeper.ask_to_stop()
            for keeper in self._keepers.values():
                keeper.stop()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
