"""One camera's health over all its workers: what each reports becomes counters since the service started."""

import time
from dataclasses import replace
from threading import Lock

from ingest.analysis.stopwatch import Stopwatch
from ingest.camera.health import CameraState, Health
from ingest.messages.message import Report
from ingest.relay.camera_relays import CameraRelays
from ingest.supervision.listeners import Listeners

_NO_RATES = {"frame_rate": 0.0, "bitrate": 0.0, "analysed_rate": 0.0}
_COUNTERS = ("frames", "analysed", "dropped", "bytes", "reconnects", "passages")


class HealthRecord:
    """Written by the keeper's thread, which notifies the listeners; `health` may be called from any.

    replaces_retired: the worker took the place of one that retired, and has not tried its stream yet. stopwatch: the
    times of a sighting's processing in the service, which are passed on with the next change.
    """

    def __init__(self, camera_id: str, listeners: Listeners) -> None:
        self._camera_id = camera_id
        self._listeners = listeners
        self._lock = Lock()
        self._health = Health(camera_id=camera_id, state=CameraState.STOPPED)
        self._newest: float | None = None
        self._past = self._health
        """The sums of the counters of earlier workers."""
        self.replaces_retired = False
        self.stopwatch = Stopwatch()

    def health(self) -> Health:
        """The camera's present health."""
        with self._lock:
            health, newest = self._health, self._newest
        return replace(health, newest_frame_age=None if newest is None else max(0.0, time.monotonic() - newest))

    def starting(self) -> None:
        """The keeper has begun."""
        self._change(state=CameraState.STARTING)

    def stopped(self) -> None:
        """The keeper has ended."""
        self._change(state=CameraState.STOPPED, retry_at=None, turned=None, **_NO_RATES)

    def broke(self, error: str | None) -> None:
        """The worker has ended, or could not be started. error: the reason."""
        self._change(state=CameraState.RESTARTING, error=error, **_NO_RATES)

    def restarting(self) -> None:
        """Another worker will take the place of one that did not retire."""
        self._change(state=CameraState.RESTARTING, restarts=self._health.restarts + 1)

    def worker_began(self) -> None:
        """A worker has begun, which counts from 0."""
        self._past = self._health

    def reported(self, report: Report, relays: CameraRelays, search_error: str | None) -> None:
        """Adds a worker's report. search_error: why the newest search failed; None where it did not."""
        health, past = report.health, self._past
        if health.state is CameraState.RESTARTING:
            # A worker's last report has no counters; the earlier ones remain.
            self.broke(health.error)
            return
        refused = {
            reason: past.refused.get(reason, 0) + health.refused.get(reason, 0)
            for reason in {**past.refused, **health.refused}
        }
        counted = {name: getattr(past, name) + getattr(health, name) for name in _COUNTERS}
        if health.newest_frame_age is not None:
            self._newest = time.monotonic() - health.newest_frame_age
        if self.replaces_retired:
            # The new worker does not know the camera's state yet: the earlier one remains.
            if health.state is CameraState.STARTING:
                health = replace(health, state=past.state, error=past.error, turned=past.turned)
            else:
                self.replaces_retired = False
        now = replace(
            health,
            **counted,
            camera_id=self._camera_id,
            refused=refused,
            restarts=self._health.restarts,
            width=health.width or past.width,
            height=health.height or past.height,
            # The relays know the cause of a missing stream, and the losses, better than the worker.
            error=search_error or relays.error or health.error,
            received_packets=relays.received,
            lost_packets=relays.lost,
            retry_at=next(iter(relays.retries_at), None),
        )
        self._publish(now, report)

    def _change(self, **changes: object) -> None:
        self._publish(replace(self._health, **changes), None)  # type: ignore[arg-type]

    def _publish(self, health: Health, report: Report | None) -> None:
        before = self._health
        with self._lock:
            self._health = health
        shown = self.health()
        stages = self.stopwatch.handed_over() | (report.stages if report is not None else {})
        self._listeners.reported(before, shown, stages)
