"""A number of simultaneous cameras on a real RTSP server, for some time: their CPU, memory and latency."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.benchmark import Progress
from benchmarks.harness.memory import Memory, look
from benchmarks.streams.recording import SingleValues
from benchmarks.streams.streaming import streaming
from ingest.camera.health import Health
from ingest.supervision.observer import NullObserver
from matcher.matcher import Matcher

MEMORY_SECONDS = 5.0
"""Between two looks at the memory: each makes the kernel walk every process's pages."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """One step. decisions: seconds from a packet's arrival to the logged answer; stages: seconds by stage.

    before, after: each camera's health. cpu_seconds: of service and workers; server_cpu_seconds: of the RTSP server.
    """

    seconds: float
    before: Sequence[Health]
    after: Sequence[Health]
    decisions: Sequence[float]
    stages: Mapping[str, Sequence[float]]
    memory: Sequence[Memory]
    cpu_seconds: float
    server_cpu_seconds: float

    @property
    def rates(self) -> list[float]:
        """Analysed frames a second, by camera."""
        return [
            (after.analysed - before.analysed) / self.seconds
            for before, after in zip(self.before, self.after, strict=True)
        ]

    @property
    def interruptions(self) -> int:
        """Streams lost and workers started again."""
        return sum(
            after.reconnects + after.restarts - before.reconnects - before.restarts
            for before, after in zip(self.before, self.after, strict=True)
        )


def load(
    matcher: Matcher,
    films: Sequence[Path],
    seconds: float,
    progress: Progress,
    *,
    substreams: Sequence[Path] = (),
    interval: float = MEMORY_SECONDS,
) -> Load:
    """One camera a film, all at once, nobody looking on. MeasurementError when they are not live in two minutes.

    substreams: what each film's camera sends beside it, if any.
    """
    metrics = SingleValues()
    label = f"streams-{len(films)}-{len(substreams)}"
    with streaming(matcher, films, metrics, NullObserver(), label=label, watched=False, substreams=substreams) as live:
        metrics.start_over()
        before, cpu = live.supervisor.healths(), live.cpu_seconds()
        began, memory = time.monotonic(), []
        with progress.step(f"{len(live.cameras)} camera(s)", total=seconds) as advance:
            while (elapsed := time.monotonic() - began) < seconds:
                pids = [live.supervisor.worker_pid(camera.id) for camera in live.cameras]
                memory.append(look(elapsed, [pid for pid in pids if pid is not None]))
                pause = min(interval, seconds - elapsed)
                time.sleep(pause)
                advance(pause)
        after, spent = live.supervisor.healths(), live.cpu_seconds()
        ended = time.monotonic()
    return Load(
        seconds=ended - began,
        before=[before[camera.id] for camera in live.cameras],
        after=[after[camera.id] for camera in live.cameras],
        decisions=list(metrics.decisions),
        stages={stage: list(times) for stage, times in metrics.stages.items()},
        memory=memory,
        cpu_seconds=spent[0] - cpu[0],
        server_cpu_seconds=spent[1] - cpu[1],
    )
