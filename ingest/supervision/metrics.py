"""The cameras' metrics for Prometheus: rates and times under a camera's id, never a person."""

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ingest.camera.health import CameraState, Health

_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0)

_COUNTED = {
    "frames": "Frames received.",
    "analysed": "Frames looked at for faces.",
    "dropped": "Frames dropped because a newer one was there.",
    "bytes": "Bytes of video received.",
    "reconnects": "Times a stream was lost or could not be opened, and was tried again.",
    "restarts": "Times the camera's worker process was started again.",
    "passages": "Passages of a person through the view.",
}


class IngestMetrics:
    """The cameras' metrics in one registry. Safe to use from several threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        label = ("camera",)
        self._counters = {
            name: Counter(f"clearglass_camera_{name}", text, label, registry=registry)
            for name, text in _COUNTED.items()
        }
        self._refused = Counter(
            "clearglass_camera_refused_faces",
            "Faces the quality gate turned down.",
            ("camera", "reason"),
            registry=registry,
        )
        self._searches = Counter(
            "clearglass_camera_searches",
            "Searches made for passages, by how they ended: matched, unmatched, failed.",
            ("camera", "outcome"),
            registry=registry,
        )
        self._packets = Counter(
            "clearglass_camera_rtp_packets",
            "RTP packets of the stream, by their sequence numbers: received, lost.",
            ("camera", "outcome"),
            registry=registry,
        )
        self._live = Gauge(
            "clearglass_camera_live", "1 while pictures come from the camera, else 0.", label, registry=registry
        )
        self._age = Gauge(
            "clearglass_camera_newest_frame_age_seconds", "Age of the newest frame.", label, registry=registry
        )
        self._stages = Histogram(
            "clearglass_camera_stage_seconds",
            "Time each stage of the analysis took.",
            ("camera", "stage"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._decision = Histogram(
            "clearglass_camera_capture_to_decision_seconds",
            "From a packet's arrival to the logged answer about the face in it.",
            label,
            buckets=_SECONDS,
            registry=registry,
        )

    def reported(self, before: Health, now: Health, stages: Mapping[str, Sequence[float]]) -> None:
        """Adds the differences between two reports of one camera, and the stage times since the first."""
        camera = now.camera_id
        for name, counter in self._counters.items():
            counter.labels(camera).inc(max(0, getattr(now, name) - getattr(before, name)))
        for reason, count in now.refused.items():
            self._refused.labels(camera, reason).inc(max(0, count - before.refused.get(reason, 0)))
        for outcome, count, former in (
            ("received", now.received_packets, before.received_packets),
            ("lost", now.lost_packets, before.lost_packets),
        ):
            self._packets.labels(camera, outcome).inc(max(0, count - former))
        self._live.labels(camera).set(now.state is CameraState.LIVE)
        if now.newest_frame_age is not None:
            self._age.labels(camera).set(now.newest_frame_age)
        for stage, times in stages.items():
            for seconds in times:
                self._stages.labels(camera, stage).observe(seconds)

    def decided(self, camera_id: str, seconds: float, outcome: str) -> None:
        """One search ended. seconds: since its frame's packet arrived."""
        self._decision.labels(camera_id).observe(seconds)
        self._searches.labels(camera_id, outcome).inc()

    def forget(self, camera_id: str) -> None:
        """Removes a removed camera's series."""
        counters = (*self._counters.values(), self._refused, self._searches, self._packets)
        for metric in (*counters, self._live, self._age, self._stages, self._decision):
            metric.remove_by_labels({"camera": camera_id})
