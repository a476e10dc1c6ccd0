"""One camera's keeper: a thread that keeps the camera's worker process alive, and speaks for it to the matcher.

The thread never waits on the worker: it reads what is there, answers, and if nothing comes for too long it kills the
process (SIGKILL reaches a stopped one too) and starts another. Searches run here, one camera's never holding up
another's.
"""

import logging
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import IO

from ingest.analysis.stopwatch import Stopwatch
from ingest.camera.camera import Camera
from ingest.camera.health import CameraState, Health
from ingest.camera.picture_shape import PictureShape
from ingest.messages.channel import Channel, ChannelClosedError
from ingest.messages.factory import Factory
from ingest.messages.message import (
    Forget,
    FromWorker,
    Identified,
    Loading,
    Passed,
    Pause,
    Report,
    Retiring,
    Sighting,
    Start,
    Stop,
    View,
    Watching,
    from_worker,
)
from ingest.messages.worker_settings import WorkerSettings
from ingest.relay.camera_relays import CameraRelays
from ingest.relay.loop import RelayLoop
from ingest.settings import IngestSettings
from ingest.stream.backoff import Backoff
from ingest.supervision.allowance import Allowance, allowances
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.observer import Observer
from ingest.supervision.search import Identifies, RaisesAlerts
from ingest.supervision.sighting_search import SightingSearch
from ingest.supervision.worker_clock import WorkerClock
from matcher.errors import ClearglassError
from matcher.process.child_process import command, environment, place_of

_LOG = logging.getLogger(__name__)

TICK = 0.1
STOP_SECONDS = 2.0
GONE_SECONDS = 5.0
"""A killed process is gone at once, unless the kernel holds it (a dead disk or device): then nothing here waits on."""

LONG_LIVED = 30.0
"""A worker that lived so long was well: the next restart begins with short waits again."""

_NO_RATES = {"frame_rate": 0.0, "bitrate": 0.0, "analysed_rate": 0.0}
_COUNTERS = ("frames", "analysed", "dropped", "bytes", "reconnects", "passages")


class WorkerSilentError(Exception):
    """The worker said nothing for too long."""


class WorkerFloodError(Exception):
    """The worker said more than it may."""


class Keeper:
    """Owns the thread, the worker process and the socket between them. Methods may be called from any thread.

    turnstile: the file that all workers share; its owner is the supervisor. forbidden: paths that no worker may read.
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
        turnstile: IO[bytes],
        forbidden: Sequence[Path] = (),
        watched: bool = False,
    ) -> None:
        self._camera = camera
        self._search = SightingSearch(
            camera, identifier=identifier, alerts=alerts, alert_again_seconds=settings.alert_again_seconds
        )
        self._observer = observer
        self._settings = settings
        self._metrics = metrics
        self._recogniser_factory = recogniser_factory
        self._turnstile = turnstile
        self._paused_until: dict[int, datetime | None] = {}
        """By stream, the end of the pause that the worker was last sent."""
        self._forbidden = tuple(map(str, forbidden))
        self.watched = watched
        self._end = Event()
        self._thread: Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._health_lock = Lock()
        self._health = Health(camera_id=camera.id, state=CameraState.STOPPED)
        self._newest: float | None = None
        self._past = self._health
        """What the workers before this one counted."""
        self._clock = WorkerClock()
        self._allowances: dict[type, Allowance] = {}
        """How much the worker may still say, by the kind of message."""
        self._loading = False
        """Whether the worker loads its models, and may be silent for that long."""
        self._retiring = False
        """Whether the worker ends because no pictures came for long."""
        self._replaces_retired = False
        """Whether the worker took the place of one that retired, and has not tried its stream yet."""
        self._stopwatch = Stopwatch()
        """What happens to a sighting on this side: passing it on from the worker, and the search."""
        self._forgotten: SimpleQueue[str] = SimpleQueue()
        """Subjects to forget, from whoever says so to the thread."""

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
        """Says that it should end, without waiting."""
        self._end.set()

    def stop(self, timeout: float) -> bool:
        """Ends worker and thread, and waits for both so many seconds at most; whether they are gone."""
        self._end.set()
        if self._thread is None:
            return True
        self._thread.join(max(timeout, 0.0))
        return not self._thread.is_alive() and self._process is None

    def watching(self, on: bool) -> None:
        """Says whether anybody looks at the live view."""
        self.watched = on

    def forget(self, subject_id: str) -> None:
        """Has the worker show this subject as a stranger from its next view on. Call it when no search finds them."""
        self._forgotten.put(subject_id)

    def health(self) -> Health:
        """How the camera does now."""
        with self._health_lock:
            health, newest = self._health, self._newest
        return replace(health, newest_frame_age=None if newest is None else max(0.0, time.monotonic() - newest))

    def _keep(self) -> None:
        """The thread: one worker after another until it is told to end."""
        backoff = Backoff(first=self._settings.backoff_first_seconds, cap=self._settings.backoff_cap_seconds)
        self._change(state=CameraState.STARTING)
        while not self._end.is_set():
            try:
                # They outlive the workers, so that a refused login is not tried again by the next one.
                with RelayLoop() as loop, CameraRelays(self._camera, self._settings, loop) as relays:
                    self._keep_workers(relays, backoff)
            except Exception as error:  # noqa: BLE001 - the top of a supervised thread
                told = str(error) if isinstance(error, ClearglassError) else self._own_error(error)
                self._broke(told)
                self._end.wait(backoff.next())
        self._change(state=CameraState.STOPPED, retry_at=None, turned=None, **_NO_RATES)

    def _keep_workers(self, relays: CameraRelays, backoff: Backoff) -> None:
        while not self._end.is_set():
            started = time.monotonic()
            try:
                self._one_worker(relays)
            except Exception as error:  # noqa: BLE001 - the top of a supervised process
                self._broke(self._own_error(error))
            if self._end.is_set():
                break
            long_lived = time.monotonic() - started > LONG_LIVED
            if long_lived:
                backoff.reset()
            self._replaces_retired = self._retiring and long_lived
            if self._replaces_retired:
                continue
            self._change(state=CameraState.RESTARTING, restarts=self._health.restarts + 1)
            self._end.wait(backoff.next())

    @staticmethod
    def _own_error(error: Exception) -> str:
        return f"The camera's keeper met an error in its own code ({place_of(error)})."

    def _one_worker(self, relays: CameraRelays) -> None:
        """One worker process from start to end; leaves neither process nor socket behind, whatever happens."""
        self._retiring = self._loading = False
        self._paused_until = {}
        self._allowances = allowances(self._camera, self._settings)
        ours, theirs = socket.socketpair()
        channel = Channel(ours, receives=from_worker())
        try:
            with theirs:
                self._process = _spawn(theirs, self._turnstile.fileno())
            self._past = self._health
            self._search.begin_again()
            self._clock = WorkerClock()
            self._serve(channel, relays)
        except (ChannelClosedError, WorkerSilentError, WorkerFloodError) as error:
            self._mourn(error)
        finally:
            channel.close()
            if self._process is not None:
                self._bury(self._process)

    def _bury(self, process: "subprocess.Popen[bytes]") -> None:
        """Kills the worker. One that does not end stays in `worker_pid`, and the camera's health says so."""
        process.kill()
        try:
            process.wait(GONE_SECONDS)
        except subprocess.TimeoutExpired:
            self._broke(f"The camera's worker, process {process.pid}, was killed and does not end.")
        else:
            self._process = None

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

    def _serve(self, channel: Channel[FromWorker], relays: CameraRelays) -> None:
        """Listens and answers until told to end. Raises ChannelClosedError or WorkerSilentError."""
        channel.send(self._start_message(relays))
        told = False
        heard, patience = time.monotonic(), self._settings.startup_seconds
        while not self._end.is_set():
            if told != self.watched:
                told = self.watched
                channel.send(Watching(on=told))
            self._pass_on_forgotten(channel)
            self._pass_on_pauses(channel, relays)
            channel.flush()
            messages = channel.receive(TICK)
            received = time.monotonic()
            for message in messages:
                if self._end.is_set():
                    break
                self._require_allowed(message, received)
                self._take(message, channel, relays, received)
            if messages:
                heard = time.monotonic()
                patience = self._settings.startup_seconds if self._loading else self._settings.silence_seconds
            elif time.monotonic() - heard > patience:
                raise WorkerSilentError
        self._dismiss(channel)

    def _pass_on_forgotten(self, channel: Channel[FromWorker]) -> None:
        """After every answer that was still found: an answer and its forgetting reach the worker in that order."""
        while True:
            try:
                subject_id = self._forgotten.get_nowait()
            except Empty:
                return
            self._search.forget(subject_id)
            channel.send(Forget(subject_id=subject_id))

    def _pass_on_pauses(self, channel: Channel[FromWorker], relays: CameraRelays) -> None:
        """Has the worker wait with its next attempt for as long as its relays would let none through."""
        for stream, (wait, retry_at) in enumerate(zip(relays.waits, relays.retries_at, strict=True)):
            if wait and self._paused_until.get(stream) != retry_at:
                self._paused_until[stream] = retry_at
                channel.send(Pause(stream=stream, seconds=wait))

    def _dismiss(self, channel: Channel[FromWorker]) -> None:
        """Lets the worker close its stream properly; a worker that does not want to go is killed by the caller."""
        channel.send(Stop())
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end:
            channel.flush()
            # Ends with ChannelClosedError when the worker has gone. What it still says comes too late.
            channel.receive(TICK)

    def _require_allowed(self, message: FromWorker, received: float) -> None:
        """Raises WorkerFloodError when a worker says more than one that works as it should ever does."""
        allowance = self._allowances.get(type(message))
        if allowance is not None and not allowance.take(received):
            raise WorkerFloodError

    def _take(self, message: FromWorker, channel: Channel[FromWorker], relays: CameraRelays, received: float) -> None:
        """Does what the worker's message asks for. received: when it came, in seconds of time.monotonic()."""
        self._loading = isinstance(message, Loading)
        if isinstance(message, Report):
            self._clock.heard(sent=message.sent, received=received)
            self._reported(message, relays)
        elif isinstance(message, Sighting):
            self._clock.heard(sent=message.sent, received=received)
            subject_id = self._identify(message)
            channel.send(Identified(passage=message.passage, search=message.search, subject_id=subject_id))
        elif isinstance(message, View):
            self._tell(self._observer.viewed, self._camera.id, message)
        elif isinstance(message, Passed):
            self._search.passed(message.passage)
        elif isinstance(message, Retiring):
            self._retiring = True

    def _identify(self, sighting: Sighting) -> str | None:
        """Searches, and tells observer and metrics of it; whom the search found, or None."""
        began = time.monotonic()
        self._stopwatch.add("pass on", began - self._clock.here(sighting.sent))
        searched = self._search.search(sighting)
        if searched.alert is not None:
            self._tell(self._observer.alerted, searched.alert)
        decided = time.monotonic()
        self._stopwatch.add("identify", decided - began)
        taken = decided - self._clock.here(sighting.arrived)
        self._tell(self._metrics.decided, self._camera.id, taken, searched.outcome)
        return searched.subject_id

    def _reported(self, report: Report, relays: CameraRelays) -> None:
        health, past = report.health, self._past
        if health.state is CameraState.RESTARTING:
            # A worker's last words. It counts nothing any more; what it had counted stands.
            self._broke(health.error)
            return
        refused = {
            reason: past.refused.get(reason, 0) + health.refused.get(reason, 0)
            for reason in {**past.refused, **health.refused}
        }
        counted = {name: getattr(past, name) + getattr(health, name) for name in _COUNTERS}
        if health.newest_frame_age is not None:
            self._newest = time.monotonic() - health.newest_frame_age
        if self._replaces_retired:
            # The new worker knows nothing yet: what the camera's state was, it still is.
            if health.state is CameraState.STARTING:
                health = replace(health, state=past.state, error=past.error, turned=past.turned)
            else:
                self._replaces_retired = False
        now = replace(
            health,
            **counted,
            camera_id=self._camera.id,
            refused=refused,
            restarts=self._health.restarts,
            width=health.width or past.width,
            height=health.height or past.height,
            # Why there is no stream, and what was lost on its way, the relays know better than the worker.
            error=self._search.error or relays.error or health.error,
            received_packets=relays.received,
            lost_packets=relays.lost,
            retry_at=next(iter(relays.retries_at), None),
        )
        self._publish(now, report)

    def _mourn(self, error: Exception) -> None:
        """Says why the worker is gone, unless it was to go."""
        if self._end.is_set() or self._process is None or self._retiring:
            return
        if isinstance(error, WorkerSilentError):
            self._broke("The camera's worker hung and was ended.")
            return
        if isinstance(error, WorkerFloodError):
            self._broke("The camera's worker sent more messages than it may and was ended.")
            return
        try:
            code = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._broke("The camera's worker closed its connection.")
            return
        if code < 0:
            name = signal.Signals(-code).name
            self._broke(f"The camera's worker was ended by {name}.")
        elif self._health.state is not CameraState.RESTARTING:
            # Else it said itself what broke.
            self._broke(f"The camera's worker ended with status {code}.")

    def _broke(self, error: str | None) -> None:
        self._change(state=CameraState.RESTARTING, error=error, **_NO_RATES)

    def _change(self, **changes: object) -> None:
        self._publish(replace(self._health, **changes), None)  # type: ignore[arg-type]

    def _publish(self, health: Health, report: Report | None) -> None:
        before = self._health
        with self._health_lock:
            self._health = health
        shown = self.health()
        stages = self._stopwatch.handed_over() | (report.stages if report is not None else {})
        self._tell(self._metrics.reported, before, shown, stages)
        self._tell(self._observer.reported, self._camera.id, shown)

    def _tell(self, told: Callable[..., None], *arguments: object) -> None:
        """Tells an observer or the metrics, whose faults must not end a camera."""
        try:
            told(*arguments)
        except Exception as error:  # noqa: BLE001 - a listener's fault, at the top of a supervised thread
            _LOG.warning("A listener of camera %s met an error (%s).", self._camera.id, place_of(error))


def _spawn(end: socket.socket, turnstile: int) -> "subprocess.Popen[bytes]":
    """Starts a worker process that has this end of the socket pair, the turnstile and none of the service's secrets."""
    return subprocess.Popen(
        command("ingest.worker.worker", str(end.fileno()), str(turnstile)),
        pass_fds=(end.fileno(), turnstile),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        close_fds=True,
    )
