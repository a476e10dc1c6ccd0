"""Streams films from a real RTSP server to running cameras of the whole system, one a film."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.errors import MeasurementError
from benchmarks.streams.rehearsal_cast import PURPOSE
from ingest.camera.camera import Camera
from ingest.camera.health import CameraState
from ingest.messages.factory import RECOGNISING
from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.settings import IngestSettings
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.observer import Observer
from ingest.supervision.supervisor import Supervisor
from matcher.matcher import Matcher

LIVE_SECONDS = 120.0
"""Seconds in which all cameras must be live."""

SETTLE_SECONDS = 2.0
"""Between the last camera going live and the measurement: a stream's opening packets come in one burst."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Streaming:
    """Cameras that are live. Owned by `streaming`."""

    server: RtspServer
    supervisor: Supervisor
    cameras: Sequence[Camera]

    def cpu_seconds(self) -> tuple[float, float]:
        """CPU seconds so far: of this process and the workers, and of the RTSP server."""
        import psutil

        workers = [self.supervisor.worker_pid(camera.id) for camera in self.cameras]
        ours = [psutil.Process(), *(psutil.Process(pid) for pid in workers if pid is not None)]
        return sum(map(_spent, ours)), _spent(psutil.Process(self.server.pid))


@contextmanager
def streaming(
    matcher: Matcher,
    films: Sequence[Path],
    metrics: IngestMetrics,
    observer: Observer,
    *,
    label: str,
    watched: bool,
    substreams: Sequence[Path] = (),
) -> Iterator[Streaming]:
    """One camera a film, simultaneously. watched: every live view has a viewer. substreams: one a film, or none.

    MeasurementError when they are not all live within two minutes.
    """
    mounts = {f"camera-{number}": film for number, film in enumerate(films, 1)}
    smaller = {f"{mount}-small": film for mount, film in zip(mounts, substreams, strict=False)}
    pairs = dict(zip(smaller, mounts, strict=False))
    with RtspServer(mounts | smaller, substreams=pairs) as server:
        settings = IngestSettings(
            allow_loopback=True,
            allowed_ports=((server.port, server.port),),
            # Each passage counts, also soon after another one of the same person.
            alert_again_seconds=0.0,
        )
        cameras = [
            Camera(
                id=f"{label}-{mount}",
                name=mount,
                address=server.url(mount),
                purpose=PURPOSE,
                substream=server.url(f"{mount}-small") if substreams else None,
            )
            for mount in mounts
        ]
        with Supervisor(
            identifier=matcher.identifier,
            alerts=matcher.alerts,
            settings=settings,
            metrics=metrics,
            recogniser_factory=RECOGNISING,
            observer=observer,
        ) as supervisor:
            supervisor.start(cameras)
            for camera in cameras:
                supervisor.watching(camera.id, watched)
            _wait_until_live(supervisor, server, cameras)
            yield Streaming(server=server, supervisor=supervisor, cameras=cameras)


def _wait_until_live(supervisor: Supervisor, server: RtspServer, cameras: Sequence[Camera]) -> None:
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


def _spent(process: Any) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
