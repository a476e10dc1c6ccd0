"""The walks of people through a scene, with times and poses, from a random seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

_LEAD_IN = 0.8
_LEAD_OUT = 0.4
"""Seconds without people at the two ends, so that no person jumps when the file starts over."""


class Distance(StrEnum):
    """How large a person appears."""

    NEAR = "near"
    MIDDLE = "middle"
    FAR = "far"


EYE_DISTANCES = {Distance.NEAR: (48.0, 84.0), Distance.MIDDLE: (26.0, 46.0), Distance.FAR: (14.0, 24.0)}
"""Pixels between the eyes of a frontal face in a picture 1080 high: the least and the greatest of a walk."""


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Where a face is (its centre, pixels), how large (pixels between the eyes if frontal), how turned (degrees)."""

    x: float
    y: float
    eye_distance: float
    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One walk through the view, from beyond one side to beyond the other, between two frames (both inclusive)."""

    actor: int
    portrait: int
    first: int
    last: int
    lane: int
    distance: Distance
    start: tuple[float, float, float]
    end: tuple[float, float, float]
    swing: tuple[float, float, float]
    rhythm: float
    phase: float

    def pose(self, frame: int) -> Pose:
        """The pose in a frame of the walk. start, end: x, y, eye distance; swing: greatest yaw, pitch, roll."""
        share = (frame - self.first) / max(self.last - self.first, 1)
        x, y, eye_distance = (a + (b - a) * share for a, b in zip(self.start, self.end, strict=True))
        angle = self.phase + 2 * math.pi * self.rhythm * share
        return Pose(
            x=x,
            y=y + 0.25 * eye_distance * abs(math.sin(5 * angle)),
            eye_distance=eye_distance,
            yaw=self.swing[0] * math.sin(angle),
            pitch=self.swing[1] * math.sin(1.7 * angle),
            roll=self.swing[2] * math.sin(2.3 * angle),
        )


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The picture walked through: its size in pixels, frames a second, number of frames."""

    width: int
    height: int
    fps: int
    frames: int


def plan_walks(portraits: Sequence[int], stage: Stage, *, at_once: int, seed: int) -> tuple[Walk, ...]:
    """Fills `at_once` lanes, one above the other, with one walk after the other, in order of the first frame.

    portraits: how many portraits each actor has. The first actor walks first, and near. Every actor walks once before
    any walks again, no actor appears twice at the same time, and near, middle and far alternate.
    """
    chance = np.random.default_rng(seed)
    lanes = min(at_once, len(portraits))
    free = [round((_LEAD_IN + 0.9 * lane) * stage.fps) for lane in range(lanes)]
    end = stage.frames - round(_LEAD_OUT * stage.fps)
    busy = dict.fromkeys(range(len(portraits)), 0)
    walked = dict.fromkeys(range(len(portraits)), 0)
    order = {int(actor): place for place, actor in enumerate(chance.permutation(len(portraits)))}
    order[0] = -1
    walks: list[Walk] = []
    while True:
        lane = min(range(lanes), key=free.__getitem__)
        first = max(free[lane], min(busy.values()))
        room = (end - first) / stage.fps
        seconds = min(float(chance.uniform(5.0, 8.0)), room)
        if seconds < 3.0:
            return tuple(walks)
        actor = min((a for a in busy if busy[a] <= first), key=lambda a: (walked[a], order[a]))
        distance = tuple(Distance)[len(walks) % 3]
        last = first + round(seconds * stage.fps) - 1
        walk = _walk(chance, stage, actor, walked[actor] % portraits[actor], (first, last), (lane, lanes), distance)
        walks.append(walk)
        walked[actor] += 1
        busy[actor] = last + stage.fps
        free[lane] = last + round(float(chance.uniform(0.3, 1.0)) * stage.fps)


def _walk(
    chance: np.random.Generator,
    stage: Stage,
    actor: int,
    portrait: int,
    frames: tuple[int, int],
    lane: tuple[int, int],
    distance: Distance,
) -> Walk:
    least, most = (value * stage.height / 1080 for value in EYE_DISTANCES[distance])
    sizes = chance.uniform(least, most, 2)
    beyond = 3.0 * float(sizes.max())
    y = stage.height * (0.16 + 0.66 * (lane[0] + 0.5) / lane[1])
    heights = y + chance.uniform(-0.04, 0.04, 2) * stage.height
    sides = [-beyond, stage.width + beyond]
    if chance.random() < 0.5:
        sides.reverse()
    return Walk(
        actor=actor,
        portrait=portrait,
        first=frames[0],
        last=frames[1],
        lane=lane[0],
        distance=distance,
        start=(sides[0], float(heights[0]), float(sizes[0])),
        end=(sides[1], float(heights[1]), float(sizes[1])),
        swing=(float(chance.uniform(10, 50)), float(chance.uniform(2, 12)), float(chance.uniform(2, 12))),
        rhythm=float(chance.uniform(0.8, 1.8)),
        phase=float(chance.uniform(0, 2 * math.pi)),
    )
