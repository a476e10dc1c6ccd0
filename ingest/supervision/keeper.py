"""One camera's keeper: a thread that keeps the camera's worker process running, and passes its sightings to the
matcher. The thread never waits for the worker: it reads the messages that have arrived, answers, and kills the process
if none comes for too long (SIGKILL reaches a stopped one too), then starts another. Searches run in this thread, so
that one camera's never delays another's.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import IO

from ingest.camera.camera import Camera
from ingest.camera.health import CameraState, Health
from ingest.camera.picture_shape import PictureShape
from ingest.messages.channel import Channel, ChannelClosedError
from ingest.messages.factory import Factory
from ingest.messages.message import FromWorker, Start, from_worker
from ingest.messages.worker_settings import WorkerSettings
from ingest.relay.camera_relays import CameraRelays
from ingest.relay.loop import RelayLoop
from ingest.settings import IngestSettings
from ingest.stream.backoff import Backoff
from ingest.supervision.dialogue import Dialogue, WorkerFloodError, WorkerSilentError
from ingest.supervision.health_record import HealthRecord
from ingest.supervision.listeners import Listeners
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.observer import Observer
from ingest.supervision.orders import Orders
from ingest.supervision.search import Identifies, RaisesAlerts
from ingest.supervision.sighting_search import SightingSearch
from matcher.errors import ClearglassError
from matcher.process.child import Child, ending
from matcher.process.child_process import place_of

LONG_LIVED = 30.0
"""Seconds after which a worker counts as stable: the next restart begins with short waits again."""


class Keeper:
    """Owns the thread, the worker process and the socket between them. Methods may be called from any thread.

    cpu_slots: the file that all workers share; its owner is the supervisor. forbidden: paths that no worker may read.
    """

    def __init__(
        self,
        *,
        camera: Camera,
        identifier: Identifies,
        alerts: RaisesAlerts,
        observer: Observer,
        settings: IngestSettings,
        metrics: IngestMetrics,
        recogniser_factory: Factory,
        cpu_slots: IO[bytes],
        forbidden: Sequence[Path] = (),
        watched: bool = False,
    ) -> None:
        self._camera = camera
        self._search = SightingSearch(
            camera, identifier=identifier, alerts=alerts, alert_again_seconds=settings.alert_again_seconds
        )
        self._listeners = Listeners(camera.id, observer=observer, metrics=metrics)
        self._settings = settings
        self._recogniser_factory = recogniser_factory
        self._cpu_slots = cpu_slots
        self._forbidden = tuple(map(str, forbidden))
        self._orders = Orders(watched=watched)
        self._health = HealthRecord(camera.id, self._listeners)
        self._thread: Thread | None = None
        self._process: Child | None = None
        self._retired = False
        """True if the newest worker ended because no pictures came for long."""

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id, None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    def start(self) -> None:
        """Starts the thread."""
        self._thread = Thread(target=self._keep, name=f"keeper-{self._camera.id[:8]}", daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Asks it to end, without waiting."""
        self._orders.end.set()

    def stop(self, timeout: float) -> bool:
        """Ends worker and thread, and waits for both, up to this many seconds; returns true if both have ended."""
        self._orders.end.set()
        if self._thread is None:
            return True
        self._thread.join(max(timeout, 0.0))
        return not self._thread.is_alive() and self._process is None

    @property
    def watched(self) -> bool:
        """True if the live view has viewers."""
        return self._orders.watched

    def watching(self, on: bool) -> None:
        """Sets whether the live view has viewers."""
        self._orders.watched = on

    def forget(self, subject_id: str) -> None:
        """Makes the worker show this subject as a stranger from its next view on. Call it when no search finds the
        subject any more."""
        self._orders.forget(subject_id)

    def health(self) -> Health:
        """The camera's present health."""
        return self._health.health()

    def _keep(self) -> None:
        """The thread: one worker after another until the order to end."""
        backoff = Backoff(first=self._settings.backoff_first_seconds, cap=self._settings.backoff_cap_seconds)
        self._health.starting()
        while not self._orders.end.is_set():
            try:
                # They outlive the workers, so that a refused login is not tried again by the next one.
                with RelayLoop() as loop, CameraRelays(self._camera, self._settings, loop) as relays:
                    self._keep_workers(relays, backoff)
            except Exception as error:  # noqa: BLE001 - the top of a supervised thread
                told = str(error) if isinstance(error, ClearglassError) else self._own_error(error)
                self._health.broke(told)
                self._orders.end.wait(backoff.next())
        self._health.stopped()

    def _keep_workers(self, relays: CameraRelays, backoff: Backoff) -> None:
        while not self._orders.end.is_set():
            started = time.monotonic()
            self._retired = False
            try:
                self._one_worker(relays)
            except Exception as error:  # noqa: BLE001 - the top of a supervised process
                self._health.broke(self._own_error(error))
            if self._orders.end.is_set():
                break
            long_lived = time.monotonic() - started > LONG_LIVED
            if long_lived:
                backoff.reset()
            self._health.replaces_retired = self._retired and long_lived
            if self._health.replaces_retired:
                continue
            self._health.restarting()
            self._orders.end.wait(backoff.next())

    @staticmethod
    def _own_error(error: Exception) -> str:
        return f"The camera's keeper met an error in its own code ({place_of(error)})."

    def _one_worker(self, relays: CameraRelays) -> None:
        """One worker process from start to end; leaves neither process nor socket behind, whatever happens."""
        slots = self._cpu_slots.fileno()
        self._process = process = Child.start("ingest.worker.worker", str(slots), files=(slots,))
        dialogue = self._dialogue(Channel(process.end, receives=from_worker()), relays)
        try:
            self._health.worker_began()
            self._search.begin_again()
            dialogue.hold(self._start_message(relays))
        except (ChannelClosedError, WorkerSilentError, WorkerFloodError) as error:
            if not dialogue.retiring:
                self._report_exit(process, error)
        finally:
            self._retired = dialogue.retiring
            self._reap(process)

    def _dialogue(self, channel: Channel[FromWorker], relays: CameraRelays) -> Dialogue:
        return Dialogue(
            channel,
            relays,
            camera=self._camera,
            settings=self._settings,
            orders=self._orders,
            search=self._search,
            health=self._health,
            listeners=self._listeners,
        )

    def _reap(self, process: Child) -> None:
        """Kills the worker. One that does not end stays in `worker_pid`, and the camera's health says so."""
        if process.close():
            self._process = None
        else:
            self._health.broke(f"The camera's worker, process {process.pid}, was killed and does not end.")

    def _start_message(self, relays: CameraRelays) -> Start:
        camera = self._camera
        return Start(
            camera_id=camera.id,
            places=relays.places,
            name=relays.name,
            shape=PictureShape.of(camera),
            settings=replace(WorkerSettings.of(camera, self._settings), stall_seconds=relays.stall_seconds),
            recogniser_factory=self._recogniser_factory,
            forbidden=self._forbidden,
        )

    def _report_exit(self, process: Child, error: Exception) -> None:
        """Records why the worker has ended, unless it was asked to."""
        if self._orders.end.is_set():
            return
        if isinstance(error, WorkerSilentError):
            self._health.broke("The camera's worker hung and was ended.")
            return
        if isinstance(error, WorkerFloodError):
            self._health.broke("The camera's worker sent more messages than it may and was ended.")
            return
        status = process.status()
        # A worker that met an error said so itself, and ended with status 1.
        if status is None or status < 0 or self.health().state is not CameraState.RESTARTING:
            self._health.broke(f"The camera's worker {ending(status)}.")
