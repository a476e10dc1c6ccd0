"""Follows faces from frame to frame: decides which detection belongs to which track.

A track's expected place follows from its last two detections. A detection belongs to a track if its centre is within
reach of that place and its size is similar; the nearest pairs are joined first. The overlap of boxes alone would not
suffice: with a few analysed frames a second, it loses the tracks of people who walk past close to the camera.
"""

import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matcher.recognition.face import Box, Face

REACH, SURPRISE, FARTHEST = 1.0, 2.5, 2.5
"""The reach: how far from its expected place a face may be, in widths of the larger box. It is REACH, plus SURPRISE for
each second since the last detection, and at most FARTHEST."""

FIRST_REACH, WALK, FARTHEST_WALK = 0.8, 9.0, 4.0
"""The same for a track with one detection: people walk up to nine widths of their face (1.4 m) a second."""

UP_AND_DOWN = 2.0
"""The weight of a vertical pixel in a distance, compared with a horizontal one: people mostly move horizontally."""

GREATEST_GROWTH = 1.8
"""The greatest ratio of the widths of a face in two successive detections."""

SURE = 0.5
"""Up to this distance, in widths, from its expected place a face is the same person's. Farther away it is doubtful."""

INTERVALS = 5
"""The number of times between frames whose median is the present interval."""

GAP_INTERVALS, LONGEST_GAP = 3, 5.0
"""If frames are rare, a track ends after GAP_INTERVALS intervals without a detection, or after LONGEST_GAP seconds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """The detections of one face so far. Times: seconds of time.monotonic().

    face: the last detection, in the coordinates of its frame. velocity: of the box's centre, in pixels a second.
    sightings: the number of detections. doubtful: whether the last detection was so far from the expected place that it
    may be another person's.
    """

    number: int
    face: Face
    first_seen: float
    last_seen: float
    velocity: tuple[float, float] = (0.0, 0.0)
    sightings: int = 1
    doubtful: bool = False

    def expected(self, moment: float) -> Box:
        """The box where the face should be now. It moves for at most 0.5 s, since people change direction."""
        ahead = min(max(moment - self.last_seen, 0.0), 0.5)
        box = self.face.box
        return replace(box, x=box.x + self.velocity[0] * ahead, y=box.y + self.velocity[1] * ahead)

    def seen(self, face: Face, moment: float, *, doubtful: bool = False) -> "Track":
        """Returns the track with one more detection."""
        elapsed = moment - self.last_seen
        velocity = self.velocity
        if elapsed > 0:
            (x, y), (old_x, old_y) = _centre(face.box), _centre(self.face.box)
            velocity = ((x - old_x) / elapsed, (y - old_y) / elapsed)
        sightings = self.sightings + 1
        return replace(self, face=face, last_seen=moment, velocity=velocity, sightings=sightings, doubtful=doubtful)


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed:
    """The tracks after one frame. seen: with a face in it. lost: without a face, not ended yet. ended: just ended."""

    seen: tuple[Track, ...]
    lost: tuple[Track, ...]
    ended: tuple[Track, ...]


class Tracker:
    """Keeps the tracks of one camera. One thread owns it.

    gap: the seconds without a detection after which a track ends. If frames are rare, GAP_INTERVALS applies instead.
    """

    def __init__(self, *, gap: float) -> None:
        self._least_gap = gap
        self._intervals: deque[float] = deque(maxlen=INTERVALS)
        self._last_frame: float | None = None
        self._tracks: dict[int, Track] = {}
        self._last_number = 0

    def follow(self, faces: Sequence[Face], moment: float) -> Followed:
        """Assigns the faces of one frame to tracks. `seen` has one track for each face, in the order of the faces."""
        ended = self.expire(moment)
        before, self._last_frame = self._last_frame, moment
        if before is not None:
            self._intervals.append(moment - before)
        pairs = sorted(
            (distance, index, number)
            for number, track in self._tracks.items()
            for index, face in enumerate(faces)
            if (distance := _distance(track, face.box, moment)) is not None
        )
        chosen: dict[int, Track] = {}
        taken: set[int] = set()
        for distance, index, number in pairs:
            if index not in chosen and number not in taken:
                taken.add(number)
                chosen[index] = self._tracks[number].seen(faces[index], moment, doubtful=distance > SURE)
        for index, face in enumerate(faces):
            if index not in chosen:
                self._last_number += 1
                chosen[index] = Track(number=self._last_number, face=face, first_seen=moment, last_seen=moment)
        seen = tuple(chosen[index] for index in range(len(faces)))
        lost = tuple(track for number, track in self._tracks.items() if number not in taken)
        self._tracks = {track.number: track for track in (*seen, *lost)}
        return Followed(seen=seen, lost=lost, ended=ended)

    def expire(self, moment: float) -> tuple[Track, ...]:
        """Ends and returns the tracks that had no detection for too long."""
        gap = self._gap()
        ended = tuple(track for track in self._tracks.values() if moment - track.last_seen > gap)
        for track in ended:
            del self._tracks[track.number]
        return ended

    def _gap(self) -> float:
        if len(self._intervals) < INTERVALS:
            return self._least_gap
        return max(self._least_gap, min(GAP_INTERVALS * statistics.median(self._intervals), LONGEST_GAP))


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


def _distance(track: Track, found: Box, moment: float) -> float | None:
    """Returns the distance of a detection from a track's expected place, in widths of the larger box.

    Returns None if it cannot be the same face.
    """
    expected = track.expected(moment)
    large, small = max(expected.width, found.width), min(expected.width, found.width)
    if small <= 0 or large / small > GREATEST_GROWTH:
        return None
    (x, y), (other_x, other_y) = _centre(expected), _centre(found)
    distance = math.hypot(x - other_x, UP_AND_DOWN * (y - other_y)) / large
    elapsed = moment - track.last_seen
    if track.sightings == 1:
        reach = min(FIRST_REACH + WALK * elapsed, FARTHEST_WALK)
    else:
        reach = min(REACH + SURPRISE * elapsed, FARTHEST)
    return distance if distance <= reach else None
