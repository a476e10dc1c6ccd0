"""Streams scenes from a real RTSP server through the whole system, and records what it says and costs."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry

from benchmarks.benchmark import Progress
from benchmarks.errors import MeasurementError
from benchmarks.rehearsal_cast import PURPOSE
from ingest.camera import Camera
from ingest.health import CameraState, Health
from ingest.message import View, ViewBox
from ingest.metrics import IngestMetrics
from ingest.rehearsal import stamp
from ingest.rehearsal.rtsp_server import RtspServer
from ingest.settings import IngestSettings
from ingest.supervisor import Supervisor
from matcher.alert import Alert
from matcher.matcher import Matcher
from matcher.recognition.image import decode_image
from matcher.recognition.pipeline import load_recogniser

LIVE_SECONDS = 120.0
"""How long all cameras together may take until they are live."""

SETTLE_SECONDS = 2.0
"""Between the last camera going live and the measurement: a stream's opening packets come in one burst."""

LONGEST_WALK = 9.0
"""Seconds that the stream goes on after one whole length of the scene, for walks that were under way at the start."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One analysed frame. seconds: when it arrived, after the stream's first was sent. number: of frames decoded.

    stamp: its number in the scene, as read from its view; None where something hides it.
    """

    seconds: float
    number: int
    stamp: int | None
    boxes: Sequence[ViewBox]


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One alert: when its frame arrived, as in `Seen`, and whom it names."""

    seconds: float
    subject_id: str


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What one camera gave. begins: from which second on it counts; before and after: its health."""

    camera_id: str
    begins: float
    seen: Sequence[Seen]
    raised: Sequence[Raised]
    before: Health
    after: Health


@dataclass(frozen=True, kw_only=True)
class Run:
    """What all cameras together gave, over `seconds` of measurement.

    decisions: seconds from a packet's arrival to the logged answer. stages: seconds by stage. cpu_seconds: of the
    service and its workers, without the RTSP server.
    """

    recordings: Sequence[Recording]
    seconds: float
    decisions: Sequence[float]
    outcomes: Mapping[str, int]
    stages: Mapping[str, Sequence[float]]
    cpu_seconds: float
    server_cpu_seconds: float


class SingleValues(IngestMetrics):
    """The service's own metrics, and every single value beside them: a histogram would round the percentiles."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())
        self.decisions: list[float] = []
        self.outcomes: defaultdict[str, int] = defaultdict(int)
        self.stages: defaultdict[str, list[float]] = defaultdict(list)
        self._lock = Lock()

    def reported(self, before: Health, now: Health, stages: Mapping[str, Sequence[float]]) -> None:
        """Keeps the stages' times."""
        super().reported(before, now, stages)
        with self._lock:
            for stage, times in stages.items():
                self.stages[stage].extend(times)

    def decided(self, camera_id: str, seconds: float, outcome: str) -> None:
        """Keeps the time and the outcome."""
        super().decided(camera_id, seconds, outcome)
        with self._lock:
            self.decisions.append(seconds)
            self.outcomes[outcome] += 1

    def start_over(self) -> None:
        """Forgets the single values: the measurement begins."""
        with self._lock:
            self.decisions.clear()
            self.outcomes.clear()
            self.stages.clear()


class _Witness:
    """The supervisor's observer: keeps what was seen and raised. Stamps are read afterwards: reading takes CPU time."""

    def __init__(self) -> None:
        self.views: defaultdict[str, list[View]] = defaultdict(list)
        self.alerts: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)

    def viewed(self, camera_id: str, view: View) -> None:
        self.views[camera_id].append(view)

    def reported(self, camera_id: str, health: Health) -> None:
        pass

    def alerted(self, alert: Alert) -> None:
        self.alerts[alert.camera_id].append((alert.captured_at, alert.subject_id))


def stream(matcher: Matcher, films: Sequence[Path], seconds: float, progress: Progress, *, label: str) -> Run:
    """One camera a film, all at once, each for one length of `seconds` and the rest of the walks under way.

    films: of stamped scenes. MeasurementError when they are not all live within two minutes, or one of them loses its
    stream.
    """
    mounts = {f"camera-{number}": film for number, film in enumerate(films, 1)}
    metrics, witness = SingleValues(), _Witness()
    with RtspServer(mounts) as server:
        settings = IngestSettings(
            allow_loopback=True,
            allowed_ports=((server.port, server.port),),
            # Each passage counts, also of somebody who was here a moment ago.
            alert_again_seconds=0.0,
        )
        cameras = [
            Camera(id=f"{label}-{mount}", name=mount, address=server.url(mount), purpose=PURPOSE) for mount in mounts
        ]
        with Supervisor(
            identifier=matcher.identifier,
            alerts=matcher.alerts,
            settings=settings,
            metrics=metrics,
            recogniser_factory=partial(load_recogniser, eager=True),
            observer=witness,
        ) as supervisor:
            supervisor.start(cameras)
            for camera in cameras:
                supervisor.watching(camera.id, True)
            wait_until_live(supervisor, server, cameras)
            metrics.start_over()
            starts = {camera.id: server.plays(camera.name)[-1] for camera in cameras}
            now = datetime.now(tz=next(iter(starts.values())).tzinfo)
            before, cpu, began = supervisor.healths(), cpu_seconds_so_far(supervisor, cameras, server), time.monotonic()
            length = round(seconds + LONGEST_WALK)
            with progress.step(f"streaming to {len(cameras)} camera(s)", total=length) as advance:
                for second in range(1, length + 1):
                    time.sleep(max(began + second - time.monotonic(), 0))
                    advance(1)
            after, spent, ended = (
                supervisor.healths(),
                cpu_seconds_so_far(supervisor, cameras, server),
                time.monotonic(),
            )
            if any(len(server.plays(camera.name)) != 1 for camera in cameras):
                raise MeasurementError("A camera lost its stream.", remedy="Run it again on a machine with less to do.")
    return Run(
        recordings=[
            Recording(
                camera_id=camera.id,
                begins=(now - starts[camera.id]).total_seconds(),
                seen=[
                    Seen(
                        seconds=(view.captured_at - starts[camera.id]).total_seconds(),
                        number=view.number,
                        stamp=stamp.read(decode_image(view.jpeg)),
                        boxes=view.boxes,
                    )
                    for view in witness.views[camera.id]
                ],
                raised=[
                    Raised(seconds=(moment - starts[camera.id]).total_seconds(), subject_id=subject)
                    for moment, subject in witness.alerts[camera.id]
                ],
                before=before[camera.id],
                after=after[camera.id],
            )
            for camera in cameras
        ],
        seconds=ended - began,
        decisions=list(metrics.decisions),
        outcomes=dict(metrics.outcomes),
        stages={stage: list(times) for stage, times in metrics.stages.items()},
        cpu_seconds=spent[0] - cpu[0],
        server_cpu_seconds=spent[1] - cpu[1],
    )


def wait_until_live(supervisor: Supervisor, server: RtspServer, cameras: Sequence[Camera]) -> None:
    """Returns when every camera's frames are analysed and have settled; MeasurementError after two minutes."""
    end = time.monotonic() + LIVE_SECONDS
    while time.monotonic() < end:
        healths = supervisor.healths().values()
        if all(health.state is CameraState.LIVE and health.analysed > 0 for health in healths):
            time.sleep(SETTLE_SECONDS)
            return
        time.sleep(0.1)
    errors = sorted({health.error or health.state.value for health in supervisor.healths().values()})
    raise MeasurementError(
        f"Not all of {len(cameras)} cameras at port {server.port} were live after {LIVE_SECONDS:.0f} s: {errors}.",
        remedy="Look at the errors named, or run it on a machine with less to do.",
    )


def cpu_seconds_so_far(supervisor: Supervisor, cameras: Sequence[Camera], server: RtspServer) -> tuple[float, float]:
    """CPU seconds so far: of this process and the workers, and of the RTSP server."""
    import psutil

    workers = [supervisor.worker_pid(camera.id) for camera in cameras]
    ours = [psutil.Process(), *(psutil.Process(pid) for pid in workers if pid is not None)]
    return sum(map(_spent, ours)), _spent(psutil.Process(server.pid))


def _spent(process: Any) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
