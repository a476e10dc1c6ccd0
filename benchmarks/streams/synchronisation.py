"""Identifies the scene's frame of each camera frame, with any delay. Each picture has its number in the scene as a
stamp. But a stamp repeats with the scene, and a view in which something hides it has none. The frames' own numbers do
not repeat: every packet is counted, and TCP loses none, so they stay apart from the endless stream's by one and the
same number, that of the opening frames which were spent on finding out what the stream is. The stamps give that number.
How late each frame came follows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.harness.errors import MeasurementError
from benchmarks.streams.recording import Recording
from ingest.rehearsal.film.scene import Scene

HANDFUL = 5
"""The most stamps of one recording that may contradict the others: pictures that a decoder concealed as the stream
began."""

EARLY_SECONDS = 1.0
"""The greatest time by which a frame may seem to arrive before it was sent: the server reports its beginning a little
late."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """arrivals, places: seconds of arrival, and of place in the endless stream, for the frames that were seen."""

    arrivals: Sequence[float]
    places: Sequence[float]

    def place(self, arrival: float) -> float:
        """The place in the stream of what arrived then."""
        return arrival - float(np.interp(arrival, self.arrivals, self.lags))

    @property
    def lags(self) -> list[float]:
        """Seconds by which each frame came late."""
        return [arrival - place for arrival, place in zip(self.arrivals, self.places, strict=True)]


def synchronise(scene: Scene, recording: Recording) -> Timeline:
    """The timeline of a recording of a stamped scene.

    MeasurementError: no stamp can be read, more than a handful contradict the others, or frames came before they could.
    """
    seen = sorted(recording.seen, key=lambda one: one.number)
    skipped = _skipped(scene, recording)
    timeline = Timeline(
        arrivals=[one.seconds for one in seen],
        places=[(one.number - 1 + skipped) / scene.fps for one in seen],
    )
    # More skipped frames, by whole scenes, would only put the places later still.
    if min(timeline.lags) < -EARLY_SECONDS:
        raise MeasurementError(
            f"Frames of {recording.camera_id} came {-min(timeline.lags):.1f} s before they were sent.",
            remedy="Check that the scene streamed is the scene given, and that nobody set the clock meanwhile.",
        )
    return timeline


def _skipped(scene: Scene, recording: Recording) -> int:
    """The number of the stream's frames before the one with number 1: fewer than the scene has."""
    read = Counter((one.stamp - (one.number - 1)) % scene.frames for one in recording.seen if one.stamp is not None)
    if not read:
        raise MeasurementError(
            f"None of the {len(recording.seen)} views of {recording.camera_id} bears a stamp that can be read.",
            remedy="Compose the scene with stamped=True, and leave the views as wide as they are.",
        )
    (skipped, agreeing), *_ = read.most_common(1)
    if read.total() - agreeing > HANDFUL:
        raise MeasurementError(
            f"Of {read.total()} stamps of {recording.camera_id}, {read.total() - agreeing} contradict the others:"
            " frames were lost or came twice.",
            remedy="Run it again on a machine with less to do.",
        )
    return skipped
