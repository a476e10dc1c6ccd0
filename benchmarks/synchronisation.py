"""Which frame of a scene a camera's frame is, however late it came.

The frames' own numbers say how far apart two of them are in the scene: every frame is decoded, and TCP loses none. What
they do not say is the place of the first one (a stream's opening frames are spent on finding out what it is), and the
arrival does not say it either on a machine with too much to do, where frames wait in the kernel's buffers. So one shift
is looked for, for the whole recording: the one that lays the boxes best onto the faces. How late each frame came
follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.overlap import overlap
from benchmarks.recording import Recording, Seen
from ingest.rehearsal.scene import Scene
from matcher.recognition.face import Box

EARLIEST = 6.0
"""Seconds that frames may have been late when the recording began."""

LOOKED_AT = 150
"""Frames that the shift is chosen on."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """arrivals, places: seconds of arrival, and of place in the endless stream, for the frames that were seen."""

    arrivals: Sequence[float]
    places: Sequence[float]

    def place(self, arrival: float) -> float:
        """The place in the stream of what arrived then."""
        if not self.arrivals:
            return arrival
        return arrival - float(np.interp(arrival, self.arrivals, self.lags))

    @property
    def lags(self) -> list[float]:
        """Seconds by which each frame came late."""
        return [arrival - place for arrival, place in zip(self.arrivals, self.places, strict=True)]


def synchronise(scene: Scene, recording: Recording) -> Timeline:
    """The timeline of a recording; an empty one says that frames came on time."""
    seen = sorted(recording.seen, key=lambda one: one.number)
    if not seen:
        return Timeline(arrivals=(), places=())
    soonest = min(round(one.seconds * scene.fps) - one.number for one in seen)
    shifts = range(soonest, soonest - round(EARLIEST * scene.fps), -1)
    sample = [one for one in seen if one.boxes]
    sample = sample[:: max(len(sample) // LOOKED_AT, 1)]
    # max() takes the first of equals: without evidence, frames are taken to have come as soon as they could.
    shift = max(shifts, key=lambda shift: sum(_fit(scene, one, one.number + shift) for one in sample))
    return Timeline(arrivals=[one.seconds for one in seen], places=[(one.number + shift) / scene.fps for one in seen])


def _fit(scene: Scene, seen: Seen, frame: int) -> float:
    """How well the boxes lie on the faces of a frame of the scene."""
    faces = [appearance.box for _, appearance in scene.present(frame % scene.frames)]
    boxes = [in_pixels(drawn.box, scene) for drawn in seen.boxes]
    return sum(max((overlap(box, face) for face in faces), default=0.0) for box in boxes)


def in_pixels(share: Box, scene: Scene) -> Box:
    """A view's box in the scene's pixels."""
    return Box(
        x=share.x * scene.width,
        y=share.y * scene.height,
        width=share.width * scene.width,
        height=share.height * scene.height,
    )
