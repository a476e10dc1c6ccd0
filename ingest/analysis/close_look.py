"""Every face of a picture, also those too small to be searched for: a check must see what a watch need not find."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box, Face
from matcher.recognition.pixels import warp
from matcher.recognition.recogniser import Recogniser

TILE = 640
"""Pixels of a tile's sides: up to that size a picture is not scaled down for the detector."""

OVERLAP = 128
"""Pixels that neighbouring tiles share: a face is whole in one of them, or large enough to be found without tiles."""

SAME = 0.5
"""Two boxes that share so much of the smaller one are one face's: a tile's edge may have cut it off."""

NOD_SIDE, NOD_WIDTH = 320, 200.0
"""Pixels of the picture in which a nod is measured, and of the face in it. On portraits seen straight on, 100 and 150
pixels wide instead come out 4 to 6 degrees too high, and 60 follow a nod less."""


def closely(recogniser: Recogniser, image: Image) -> list[Face]:
    """The picture's faces down to those some 16 pixels wide, found in it scaled down and then in tiles as it is."""
    faces = recogniser.detect([image])[0]
    height, width = image.shape[:2]
    if max(height, width) <= TILE:
        return faces
    for top in _edges(height):
        for left in _edges(width):
            tile = image[top : top + TILE, left : left + TILE]
            for face in recogniser.detect([np.ascontiguousarray(tile)])[0]:
                whole = _moved(face, left, top)
                if not any(_shared(whole.box, known.box) > SAME for known in faces):
                    faces.append(whole)
    return faces


def _edges(length: int) -> Iterator[int]:
    """Where tiles begin: the last one ends with the picture."""
    last = max(length - TILE, 0)
    yield from range(0, last, TILE - OVERLAP)
    yield last


def _moved(face: Face, left: int, top: int) -> Face:
    box = replace(face.box, x=face.box.x + left, y=face.box.y + top)
    return replace(face, box=box, landmarks=face.landmarks + np.array([left, top], np.float32))


def _shared(one: Box, other: Box) -> float:
    """The share of the smaller box that both cover."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    if across <= 0 or down <= 0:
        return 0.0
    return across * down / min(one.width * one.height, other.width * other.height)


def nod(recogniser: Recogniser, image: Image, face: Face) -> float | None:
    """Measures the pitch of a face, in degrees, at the size at which the detector works best; None if not found.

    On a small face the detector's landmarks show hardly anything of a nod, on an enlarged one a third to a half of it.
    `python -m benchmarks degradation` measures this share.
    """
    box, scale = face.box, NOD_WIDTH / max(face.box.width, 1.0)
    middle = np.array([box.x + box.width / 2, box.y + box.height / 2])
    matrix = np.hstack([np.eye(2) * scale, (NOD_SIDE / 2 - scale * middle)[:, None]])
    close = warp(image, matrix, NOD_SIDE)
    found = recogniser.detect([close])[0]
    return recogniser.assess([close], found[:1])[0].pitch if found else None
