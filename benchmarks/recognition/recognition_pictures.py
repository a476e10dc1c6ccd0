"""1080p pictures of LFW's faces, with the true position and size of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.datasets.lfw import Lfw
from benchmarks.harness.benchmark import Progress
from benchmarks.streams.rehearsal_cast import central
from ingest.rehearsal.film.choreography import Pose
from ingest.rehearsal.film.drawing import background, draw
from ingest.rehearsal.film.portrait import Portrait, portrait_of
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box
from matcher.recognition.image import decode_image
from matcher.recognition.recogniser import Recogniser

WIDTH, HEIGHT = 1920, 1080
ROWS = {40: 120, 48: 140, 64: 190, 96: 260, 140: 370}
"""Widths of faces between ear and ear to the height of their row, in pixels; in a row they stand as far apart."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """A face in a picture. size: its width between ear and ear in pixels, as asked for; box: where it came to be."""

    size: int
    box: Box


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """(1080, 1920, 3) BGR, and everybody in it."""

    pixels: Image
    faces: Sequence[Placed]


def compose(
    lfw: Lfw, recogniser: Recogniser, progress: Progress, *, count: int, every: int, seed: int
) -> list[Picture]:
    """This number of pictures, each with other people, one row of them for each size, in front of a plain wall.

    every: 1 for all places, 2 for every other, and so on. No person of view 1 is among them, since the scaling of
    pictures was chosen on view 1; and no person is shown twice.
    """
    chosen_on = {
        path.parent.name for pair in (*lfw.view1_train(), *lfw.view1_test()) for path in (pair.left, pair.right)
    }
    free = [pictures[0] for name, pictures in lfw.people().items() if name not in chosen_on]
    order = iter(np.random.default_rng(seed).permutation(len(free)))
    places = _places()[::every]
    pictures = []
    with progress.step("composing", total=count * len(places)) as advance:
        for number in range(count):
            pixels = background(WIDTH, HEIGHT, seed + number)
            faces = []
            for size, x, y in places:
                photograph = decode_image(free[next(order)].read_bytes())
                portrait = portrait_of(photograph, central(photograph, recogniser))
                faces.append(Placed(size=size, box=_put(pixels, portrait, size, x, y)))
                advance(1)
            pictures.append(Picture(pixels=pixels, faces=faces))
    return pictures


def _places() -> list[tuple[int, float, float]]:
    """Size and centre of each face."""
    places, top = [], 0
    for size, height in ROWS.items():
        columns = WIDTH // height
        places += [(size, (column + 0.5) * WIDTH / columns, top + height / 2) for column in range(columns)]
        top += height
    return places


def _put(pixels: Image, portrait: Portrait, size: int, x: float, y: float) -> Box:
    eyes = size * portrait.eye_distance / portrait.face.width
    return draw(pixels, portrait, Pose(x=x, y=y, eye_distance=eyes, yaw=0.0, pitch=0.0, roll=0.0)).face
