"""Follows faces from frame to frame: which of these is the one from before?

A face is looked for where its last two sightings say it should be by now. A detection belongs to a track when its
centre lies within reach of that place and its size has not jumped; the nearest pairs are joined first. With a handful
of analysed frames a second, overlap alone loses everybody who walks past close by.
"""

import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matcher.recognition.face import Box, Face

REACH, SURPRISE, FARTHEST = 1.0, 2.5, 2.5
"""How far from its expected place a face may turn up: widths of the larger box, more for each second, and at most."""

FIRST_REACH, WALK, FARTHEST_WALK = 0.8, 9.0, 4.0
"""The same while it was seen only once: across the view, people walk nine of their faces' widths (1.4 m) a second."""

UP_AND_DOWN = 2.0
"""People walk and do not fly: a pixel up or down counts for so many to the side."""

GREATEST_GROWTH = 1.8
"""How many times larger or smaller a face may be than when last seen."""

SURE = 0.5
"""A face up to so many widths from its expected place is the same person's; one farther away may be another's."""

INTERVALS = 5
"""The time between two looks is the median of so many."""

GAP_INTERVALS, LONGEST_GAP = 3, 5.0
"""Where looks are rare, a track outlives so many intervals between them; but nobody is waited for longer (seconds)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """One person's passage so far. Times: seconds of time.monotonic(). velocity: pixels a second of the box's centre.

    face: as last seen, in the picture of that moment. doubtful: whether that was so far from where it was expected that
    it may be somebody else's.
    """

    number: int
    face: Face
    first_seen: float
    last_seen: float
    velocity: tuple[float, float] = (0.0, 0.0)
    sightings: int = 1
    doubtful: bool = False

    def expected(self, moment: float) -> Box:
        """Where the face should be now. Expectation stops after half a second: people turn round."""
        ahead = min(max(moment - self.last_seen, 0.0), 0.5)
        box = self.face.box
        return replace(box, x=box.x + self.velocity[0] * ahead, y=box.y + self.velocity[1] * ahead)

    def seen(self, face: Face, moment: float, *, doubtful: bool = False) -> "Track":
        """The track with one more sighting."""
        elapsed = moment - self.last_seen
        velocity = self.velocity
        if elapsed > 0:
            (x, y), (old_x, old_y) = _centre(face.box), _centre(self.face.box)
            velocity = ((x - old_x) / elapsed, (y - old_y) / elapsed)
        sightings = self.sightings + 1
        return replace(self, face=face, last_seen=moment, velocity=velocity, sightings=sightings, doubtful=doubtful)


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed:
    """What one frame brought. seen: tracks with a face in it. lost: without one, still waited for. ended: over."""

    seen: tuple[Track, ...]
    lost: tuple[Track, ...]
    ended: tuple[Track, ...]


class Tracker:
    """Keeps the tracks of one camera. Owned by one thread.

    gap: seconds out of sight after which a track ends, or three looks as they really come if that is longer.
    """

    def __init__(self, *, gap: float) -> None:
        self._least_gap = gap
        self._intervals: deque[float] = deque(maxlen=INTERVALS)
        self._last_look: float | None = None
        self._tracks: dict[int, Track] = {}
        self._last_number = 0

    def follow(self, faces: Sequence[Face], moment: float) -> Followed:
        """Takes one frame's faces; every face is in exactly one track of `seen` afterwards, in the faces' order."""
        ended = self.expire(moment)
        before, self._last_look = self._last_look, moment
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
        """Ends the tracks that have been out of sight for too long."""
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
    """From the expected centre to the found one, in widths of the larger box; None if they cannot be the same face."""
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
