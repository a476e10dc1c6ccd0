"""Streams scenes from a real RTSP server through the whole system, and records its results and its CPU time."""

import time
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from prometheus_client import CollectorRegistry

from benchmarks.harness.benchmark import Progress
from benchmarks.harness.errors import MeasurementError
from benchmarks.streams.streaming import streaming
from ingest.camera.health import Health
from ingest.messages.message import View, ViewBox
from ingest.rehearsal.film import stamp
from ingest.supervision.metrics import IngestMetrics
from matcher.alerts.alert import Alert
from matcher.matcher import Matcher
from matcher.recognition.image import decode_image

LONGEST_WALK = 9.0
"""Seconds that the stream goes on after one whole length of the scene, for walks that were under way at the start."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One analysed frame. seconds: when it arrived, after the stream's first was sent. number: of packets received.

    stamp: its number in the scene, as read from its view; None where something hides it.
    """

    seconds: float
    number: int
    stamp: int | None
    boxes: Sequence[ViewBox]


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One alert: the arrival of its frame, as in `Seen`, and the person it names."""

    seconds: float
    subject_id: str


@dataclass(frozen=True, kw_only=True)
class Recording:
    """The recording of one camera. begins: the second from which on it counts; before and after: its health."""

    camera_id: str
    begins: float
    seen: Sequence[Seen]
    raised: Sequence[Raised]
    before: Health
    after: Health


@dataclass(frozen=True, kw_only=True)
class Run:
    """The recording of all cameras, over `seconds` of measurement.

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
        # Arrays, for a list of as many floats would show as growth of the service's memory, in whose process it is.
        self.decisions = array("d")
        self.outcomes: defaultdict[str, int] = defaultdict(int)
        self.stages: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
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
            del self.decisions[:]
            self.outcomes.clear()
            self.stages.clear()


class _Witness:
    """Observes cameras and listens to alerts: keeps what was seen and raised. Stamps are read afterwards, which takes
    CPU time."""

    def __init__(self) -> None:
        self.views: defaultdict[str, list[View]] = defaultdict(list)
        self.alerts: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)

    def viewed(self, camera_id: str, view: View) -> None:
        self.views[camera_id].append(view)

    def reported(self, camera_id: str, health: Health) -> None:
        pass

    def alert_raised(self, alert: Alert) -> None:
        self.alerts[alert.camera_id].append((alert.captured_at, alert.subject_id))

    def alert_reviewed(self, alert: Alert) -> None:
        pass


def stream(matcher: Matcher, films: Sequence[Path], seconds: float, progress: Progress, *, label: str) -> Run:
    """One camera a film, all at once, each for one length of `seconds` and the rest of the walks under way.

    films: of stamped scenes. MeasurementError when they are not all live within two minutes, or one of them loses its
    stream.
    """
    metrics, witness = SingleValues(), _Witness()
    matcher.alerts.listen(witness)
    with streaming(matcher, films, metrics, witness, label=label, watched=True) as live:
        metrics.start_over()
        starts = {camera.id: live.server.plays(camera.name)[-1] for camera in live.cameras}
        now = datetime.now(tz=next(iter(starts.values())).tzinfo)
        before, cpu, began = live.supervisor.healths(), live.cpu_seconds(), time.monotonic()
        length = round(seconds + LONGEST_WALK)
        with progress.step(f"streaming to {len(live.cameras)} camera(s)", total=length) as advance:
            for second in range(1, length + 1):
                time.sleep(max(began + second - time.monotonic(), 0))
                advance(1)
        after, spent, ended = live.supervisor.healths(), live.cpu_seconds(), time.monotonic()
        if any(len(live.server.plays(camera.name)) != 1 for camera in live.cameras):
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
            for camera in live.cameras
        ],
        seconds=ended - began,
        decisions=list(metrics.decisions),
        outcomes=dict(metrics.outcomes),
        stages={stage: list(times) for stage, times in metrics.stages.items()},
        cpu_seconds=spent[0] - cpu[0],
        server_cpu_seconds=spent[1] - cpu[1],
    )
