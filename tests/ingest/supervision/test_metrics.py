"""The Prometheus counters of a camera's RTP packets."""

from prometheus_client import CollectorRegistry

from ingest.camera.health import CameraState, Health
from ingest.supervision.metrics import IngestMetrics


def health(received: int, lost: int) -> Health:
    return Health(camera_id="lobby", state=CameraState.LIVE, received_packets=received, lost_packets=lost)


def test_rtp_packets_are_counted_by_outcome() -> None:
    registry = CollectorRegistry()
    metrics = IngestMetrics(registry)

    def packets(outcome: str) -> float | None:
        labels = {"camera": "lobby", "outcome": outcome}
        return registry.get_sample_value("clearglass_camera_rtp_packets_total", labels)

    metrics.reported(health(0, 0), health(990, 10), {})
    metrics.reported(health(990, 10), health(1980, 20), {})
    assert (packets("received"), packets("lost")) == (1980, 20)
    # A report that counts from the beginning must not make a counter fall.
    metrics.reported(health(1980, 20), health(0, 0), {})
    assert (packets("received"), packets("lost")) == (1980, 20)
    metrics.forget("lobby")
    assert packets("received") is None and packets("lost") is None
