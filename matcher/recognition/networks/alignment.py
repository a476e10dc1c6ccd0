"""Brings a face upright and to size before a network sees it.

SFace wants a 112×112 picture with the five landmarks near fixed places; dlib's network wants 150×150, cut along the
five points (corners of the eyes, base of the nose) of dlib's own predictor. Both start from the detector's landmarks
by a least-squares similarity (Umeyama, PAMI 1991, without scaling in more than one direction).
"""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.networks.weights import locate
from matcher.recognition.registry import DLIB_LANDMARKS

Points = NDArray[np.float64]

SFACE_SIZE = 112
SFACE_POINTS: Points = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where SFace's training had the landmarks (OpenCV's FaceRecognizerSF has the same)."""

DLIB_SIZE = 150
DLIB_PADDING = 0.25

LEAST_SCALE = 1e-4
"""Landmarks that ask for less lie on one spot or are nowhere near a face; the chip is then black."""

_CANVAS = 256
_CANVAS_POINTS: Points = (SFACE_POINTS - SFACE_SIZE / 2) * 1.5 + _CANVAS / 2
_CANVAS_BOX = (62, 86, 198, 222)
"""Left, top, right, bottom of the face on the canvas, where dlib's own detector puts it: the median of 248 faces."""


def similarity(source: Points, target: Points) -> NDArray[np.float64]:
    """The (2, 3) matrix that turns, scales and moves `source` (n, 2) as close to `target` (n, 2) as can be.

    The points are taken as complex numbers, for which the least-squares similarity is one division.
    """
    begin, end = source @ np.array([1, 1j]), target @ np.array([1, 1j])
    centred = begin - begin.mean()
    spread = max(float((np.abs(centred) ** 2).sum()), 1e-12)
    turn = complex((centred.conj() * (end - end.mean())).sum()) / spread
    move = complex(end.mean()) - turn * complex(begin.mean())
    return np.array([[turn.real, -turn.imag, move.real], [turn.imag, turn.real, move.imag]])


def aligned(image: Image, face: Face, points: Points, size: int) -> Image:
    """A (size, size) picture of the face with its landmarks as close to `points` as a similarity brings them.

    A face much larger than that is first averaged down, since sampling it directly would alias.
    """
    landmarks = face.landmarks.astype(np.float64)
    matrix = similarity(landmarks, points)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < LEAST_SCALE:
        return np.zeros((size, size, 3), np.uint8)
    step = max(1, min(int(1 / scale), *image.shape[:2]))
    part, corner = _surroundings(image, matrix, size, step)
    smaller = pixels.shrink(part, part.shape[1] // step, part.shape[0] // step) if step > 1 else part
    return pixels.warp(smaller, similarity((landmarks - corner + 0.5) / step - 0.5, points), size)


def _surroundings(image: Image, matrix: NDArray[np.float64], size: int, step: int) -> tuple[Image, Points]:
    """The part of the picture that a warp by `matrix` looks at, its sides multiples of `step`, and its corner."""
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ inverse.T
    whole = np.array(image.shape[1::-1])
    begin = np.clip(np.floor(corners.min(axis=0)) - step, 0, whole - step).astype(int)
    end = np.clip(np.ceil(corners.max(axis=0)) + step, begin + step, whole).astype(int)
    (left, top), (right, bottom) = begin, begin + (end - begin) // step * step
    return image[top:bottom, left:right], begin.astype(np.float64)


class FivePointAlignment:
    """Cuts chips in which the landmarks stand where ArcFace's training had them, scaled to the chip's side."""

    def __init__(self, *, side: int = SFACE_SIZE, colours: str = "bgr") -> None:
        """side: of a chip, in pixels. colours: rgb or bgr, those of the chip."""
        self._points = SFACE_POINTS * (side / SFACE_SIZE)
        self._side, self._rgb = side, colours == "rgb"

    def prepare(self) -> None:
        """There is nothing to read."""

    def chip(self, image: Image, face: Face) -> Image:
        """(side, side, 3)."""
        chip = aligned(image, face, self._points, self._side)
        return pixels.rgb(chip) if self._rgb else chip


def sface_chip(image: Image, face: Face) -> Image:
    """(112, 112, 3) BGR, as SFace was trained on."""
    return aligned(image, face, SFACE_POINTS, SFACE_SIZE)


def chip_along(predictor: Any, canvas: Image, padding: float) -> Image:
    """(150, 150, 3) RGB: the face of a canvas, cut along the landmarks that one of dlib's predictors finds in it."""
    import dlib

    shape = predictor(canvas, dlib.rectangle(*_CANVAS_BOX))
    chip: Image = dlib.get_face_chip(canvas, shape, size=DLIB_SIZE, padding=padding)
    return chip


class DlibAlignment:
    """Cuts dlib's chips. Safe to call from several threads at once.

    The predictor sees a small upright canvas and never the whole picture: its box is then always the same one, and
    a face that is tilted in the picture costs it nothing.
    """

    def __init__(self) -> None:
        self._predictor: Any = None
        self._lock = threading.Lock()

    def chip(self, image: Image, face: Face, *, padding: float = DLIB_PADDING) -> Image:
        """(150, 150, 3) **RGB**, as dlib's network was trained on. padding: around the face, as a share of it."""
        return chip_along(self.prepare(), self.upright(image, face), padding)

    def upright(self, image: Image, face: Face) -> Image:
        """The canvas, **RGB**."""
        return pixels.rgb(aligned(image, face, _CANVAS_POINTS, _CANVAS))

    def prepare(self) -> Any:
        """dlib's predictor, read from its file at the first call. Raises ModelError."""
        import dlib

        with self._lock:
            if self._predictor is None:
                self._predictor = dlib.shape_predictor(str(locate(DLIB_LANDMARKS)))
            return self._predictor
