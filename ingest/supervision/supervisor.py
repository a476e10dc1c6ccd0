"""Runs every camera: one keeper thread and one worker process a camera, which share nothing with another camera's."""

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from types import TracebackType

from ingest.camera.camera import Camera
from ingest.camera.health import CameraState, Health
from ingest.messages.factory import Factory
from ingest.settings import IngestSettings
from ingest.supervision.keeper import Keeper
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.observer import NullObserver, Observer
from ingest.supervision.search import Identifies, RaisesAlerts
from matcher.people.change import Change

STOP_WITHIN = 15.0
"""Seconds to wait for cameras to stop: what has not ended by then, after a kill, is held by the kernel."""


class Supervisor:
    """Starts, stops and watches the cameras, and is a Follower of the gallery. Methods may be called from any thread.

    recogniser_factory: called in each worker process when its stream's pictures come. forbidden: paths that no worker
    may read, such as the data folder.
    """

    def __init__(
        self,
        *,
        identifier: Identifies,
        alerts: RaisesAlerts,
        settings: IngestSettings,
        metrics: IngestMetrics,
        recogniser_factory: Factory,
        observer: Observer | None = None,
        forbidden: Sequence[Path] = (),
    ) -> None:
        self._identifier = identifier
        self._alerts = alerts
        self._settings = settings
        self._metrics = metrics
        self._recogniser_factory = recogniser_factory
        self._observer = observer or NullObserver()
        self._forbidden = forbidden
        self._keepers: dict[str, Keeper] = {}
        self._lock = Lock()
        """Guards the fields below; never held during a wait."""
        self._turns: dict[str, Lock] = {}
        self._closed = False
        self._cpu_slots = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        """The file with which workers share the processor: see `ingest.worker.cpu_slots`."""

    def add(self, camera: Camera) -> None:
        """Starts a camera; one that runs already is replaced. A disabled camera is known, and stopped."""
        with self._turn(camera.id):
            self._put(camera)

    def start(self, cameras: Iterable[Camera]) -> None:
        """Starts all of them."""
        for camera in cameras:
            self.add(camera)

    def remove(self, camera_id: str) -> bool:
        """Stops a camera and removes it; returns true if its process has ended. An unknown one is ignored."""
        with self._turn(camera_id):
            return self._take(camera_id)

    def refresh(self, camera_id: str, load: Callable[[], Camera | None]) -> None:
        """Makes a camera run with its stored settings, after any change; None from `load` removes it. `load` reads the
        camera under the camera's lock, so that after several simultaneous changes the last stored one runs.
        """
        with self._turn(camera_id):
            camera = load()
            if camera is None:
                self._take(camera_id)
            else:
                self._put(camera)

    def apply(self, change: Change) -> None:
        """See Follower. When a consent has ended, cameras show a stranger until a search finds the person by another.

        It is called after the change is committed: no search that ends later finds the person by the ended consent.
        """
        if change.ends_consent:
            self.forget(change.subject_id)

    def forget(self, subject_id: str) -> None:
        """Makes every camera show this subject as a stranger from its next view on; does not wait for that."""
        for keeper in list(self._keepers.values()):
            keeper.forget(subject_id)

    def _turn(self, camera_id: str) -> AbstractContextManager[object]:
        """One change of one camera at a time; others' cameras do not wait for it."""
        with self._lock:
            return self._turns.setdefault(camera_id, Lock())

    def _put(self, camera: Camera) -> None:
        old = self._keepers.get(camera.id)
        if old is not None:
            old.stop(STOP_WITHIN)
        with self._lock:
            keeper = Keeper(
                camera=camera,
                identifier=self._identifier,
                alerts=self._alerts,
                observer=self._observer,
                settings=self._settings,
                metrics=self._metrics,
                recogniser_factory=self._recogniser_factory,
                cpu_slots=self._cpu_slots,
                forbidden=self._forbidden,
                watched=old.watched if old is not None else False,
            )
            self._keepers[camera.id] = keeper
            if not camera.enabled:
                # A camera that is switched off does not count as one that is down.
                self._metrics.forget(camera.id)
            elif not self._closed:
                keeper.start()

    def _take(self, camera_id: str) -> bool:
        keeper = self._keepers.get(camera_id)
        if keeper is None:
            return True
        gone = keeper.stop(STOP_WITHIN)
        with self._lock:
            del self._keepers[camera_id]
        self._metrics.forget(camera_id)
        return gone

    def watching(self, camera_id: str, on: bool) -> None:
        """Sets whether the camera's live view has viewers; at first it has none. An unknown camera is ignored."""
        with self._lock:
            keeper = self._keepers.get(camera_id)
            if keeper is not None:
                keeper.watching(on)

    def health(self, camera_id: str) -> Health:
        """The camera's present health; an unknown one is STOPPED."""
        keeper = self._keepers.get(camera_id)
        return keeper.health() if keeper is not None else Health(camera_id=camera_id, state=CameraState.STOPPED)

    def healths(self) -> dict[str, Health]:
        """The health of every camera, by its id."""
        return {camera_id: keeper.health() for camera_id, keeper in list(self._keepers.items())}

    def worker_pid(self, camera_id: str) -> int | None:
        """The process id of the camera's worker, None while there is none."""
        keeper = self._keepers.get(camera_id)
        return keeper.worker_pid if keeper is not None else None

    def close(self) -> tuple[str, ...]:
        """Stops every camera, and waits a bounded time for all together; the ids of those that still have a process."""
        with self._lock:
            self._closed = True
            keepers = dict(self._keepers)
        for keeper in keepers.values():
            keeper.ask_to_stop()
        end = time.monotonic() + STOP_WITHIN
        left = tuple(camera_id for camera_id, keeper in keepers.items() if not keeper.stop(end - time.monotonic()))
        self._cpu_slots.close()
        return left

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
