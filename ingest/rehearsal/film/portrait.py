"""A person for a scene, cut out of a photograph with soft edges, with the position of the face."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box, Face

_SIZE = 512
"""Pixels of a portrait's longer side."""

_MASK_SIZE = 224
"""Pixels of the longer side that GrabCut works at: its time grows faster than the area."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Portrait:
    """A cut-out. pixels: (height, width, 4) uint8, BGRA, colours premultiplied. face, eyes: in its pixels.

    levels: the same, each half the size of the one before it, so that a small figure is drawn without flicker.
    """

    pixels: NDArray[np.uint8]
    face: Box
    eye_distance: float
    levels: Sequence[NDArray[np.uint8]] = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Person:
    """One person of a scene: each passage shows one of the portraits."""

    name: str
    portraits: Sequence[Portrait]


def portrait_of(picture: Image, face: Face) -> Portrait:
    """Cuts the person with that face out of a picture: head and shoulders, by GrabCut around a keyhole shape.

    GrabCut: Rother et al., SIGGRAPH 2004. Where it loses too much of the keyhole, the keyhole itself is the mask.
    """
    import cv2

    scale = _SIZE / max(picture.shape[:2])
    resized = _resize(picture, scale)
    box = _scaled(face.box, scale)
    coarse = _MASK_SIZE / _SIZE
    mask = _person_mask(_resize(resized, coarse), _scaled(box, coarse))
    smooth = cv2.resize(mask, resized.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(smooth, (0, 0), sigmaX=max(box.width * 0.02, 1.0)).astype(np.uint8)
    alpha = _vignette(soft, box)[:, :, None] / np.float32(255)
    pixels = np.concatenate([resized * alpha, alpha * 255], axis=2).round().astype(np.uint8)
    eyes = face.landmarks[:2] * scale
    return Portrait(
        pixels=pixels,
        face=box,
        eye_distance=float(np.linalg.norm(eyes[0] - eyes[1])),
        levels=_pyramid(pixels),
    )


def _scaled(box: Box, scale: float) -> Box:
    return Box(x=box.x * scale, y=box.y * scale, width=box.width * scale, height=box.height * scale)


def _resize(picture: Image, scale: float) -> Image:
    import cv2

    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized: Image = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=interpolation).astype(np.uint8)
    return resized


def _pyramid(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    import cv2

    levels = [pixels]
    while min(levels[-1].shape[:2]) > 24:
        height, width = levels[-1].shape[:2]
        half = cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        levels.append(half.astype(np.uint8))
    return tuple(levels)


def _person_mask(picture: Image, face: Box) -> NDArray[np.uint8]:
    """(height, width) uint8: 255 on the person, 0 elsewhere."""
    import cv2

    shape = (picture.shape[0], picture.shape[1])
    inner = _keyhole(shape, face, 1.0)
    marks = np.full(shape, cv2.GC_BGD, np.uint8)
    marks[_keyhole(shape, face, 1.45) > 0] = cv2.GC_PR_BGD
    marks[inner > 0] = cv2.GC_PR_FGD
    marks[_core(shape, face) > 0] = cv2.GC_FGD
    cv2.setRNGSeed(1)
    cv2.grabCut(picture, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    found = np.where((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    kept = float(np.mean(found[inner > 0] > 0))
    return _filled(found, face) if kept > 0.6 else inner


def _filled(mask: NDArray[np.uint8], face: Box) -> NDArray[np.uint8]:
    """Without its holes, its specks and its ragged edge; the head is always whole."""
    import cv2

    radius = max(round(face.width * 0.06), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    smooth = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel)
    outlines, _ = cv2.findContours(smooth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = _head((mask.shape[0], mask.shape[1]), face, 0.8)
    cv2.drawContours(whole, [max(outlines, key=cv2.contourArea)], -1, 255, cv2.FILLED)
    return whole


def _core(shape: tuple[int, int], face: Box) -> NDArray[np.uint8]:
    """The part that certainly shows the person: the face and the neck."""
    import cv2

    mask = _head(shape, face, 0.62)
    left, right = round(face.x + face.width * 0.3), round(face.x + face.width * 0.7)
    cv2.rectangle(mask, (left, round(face.y + face.height * 0.6)), (right, round(face.y + face.height * 1.35)), 255, -1)
    return mask


def _keyhole(shape: tuple[int, int], face: Box, size: float) -> NDArray[np.uint8]:
    """Head and shoulders as two ellipses."""
    import cv2

    mask = _head(shape, face, size)
    centre = (round(face.x + face.width / 2), round(face.y + face.height * 2.55))
    axes = (round(face.width * 1.5 * size), round(face.height * 1.35 * size))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1)
    return mask


def _head(shape: tuple[int, int], face: Box, size: float) -> NDArray[np.uint8]:
    import cv2

    mask = np.zeros(shape, np.uint8)
    centre = (round(face.x + face.width / 2), round(face.y + face.height * 0.42))
    axes = (round(face.width * 0.78 * size), round(face.height * 0.82 * size))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1)
    return mask


def _vignette(mask: NDArray[np.uint8], face: Box) -> NDArray[np.uint8]:
    """Fades the mask towards the picture's edges, where a body would otherwise end in a straight line."""
    height, width = mask.shape
    reach = face.width * 0.25
    columns, rows = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
    across = np.minimum(columns, width - 1 - columns).clip(0, reach) / reach
    down = np.minimum(2 * rows, height - 1 - rows).clip(0, reach) / reach
    faded: NDArray[np.uint8] = (mask * np.outer(down, across)).astype(np.uint8)
    return faded
