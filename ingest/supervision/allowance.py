"""Limits a worker's rate of messages: otherwise a compromised worker could make the service search, log and draw
without end."""

from dataclasses import dataclass

from ingest.camera.camera import Camera
from ingest.messages.message import Passed, Report, Sighting, View
from ingest.settings import IngestSettings

BURST_SECONDS = 10.0
"""Seconds of messages allowed in a burst: a worker that was stopped for a moment sends its waiting messages
together."""


@dataclass(kw_only=True)
class Allowance:
    """A token bucket. rate: tokens a second. It begins full, with those of BURST_SECONDS."""

    rate: float
    _tokens: float = 0.0
    _moment: float | None = None

    def take(self, moment: float) -> bool:
        """Takes a token; returns true if there was one. moment: seconds of time.monotonic()."""
        most = max(self.rate * BURST_SECONDS, 1.0)
        gone = 0.0 if self._moment is None else moment - self._moment
        self._tokens = most if self._moment is None else min(most, self._tokens + gone * self.rate)
        self._moment = moment
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def allowances(camera: Camera, settings: IngestSettings) -> dict[type, Allowance]:
    """Twice the greatest rate of a correct worker of this camera, by the kind of message."""
    return {
        # One sample is extracted of each frame that is analysed.
        Sighting: Allowance(rate=2 * camera.analysed_fps),
        View: Allowance(rate=2 * settings.view_fps),
        # Twice a second, and at each change of the stream's state.
        Report: Allowance(rate=20.0),
        Passed: Allowance(rate=100.0 * camera.analysed_fps),
    }
