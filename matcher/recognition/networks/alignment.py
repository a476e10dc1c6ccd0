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

_CANVAS = 256
_CANVAS_POINTS: Points = (SFACE_POINTS - SFACE_SIZE / 2) * 1.5 + _CANVAS / 2
_CANVAS_BOX = (62, 86, 198, 222)
"""Left, top, right, bottom of the face on the canvas, where dlib's own detector puts it: the median of 248 faces."""


def similarity(source: Points, target: Points) -> Points:
    """The (2, 3) matrix that turns, scales and moves `source` (n, 2) as close to `target` (n, 2) as can be.

    The points are taken as complex numbers, for which the least-squares similarity is one division.
    """
    begin, end = source @ np.array([1, 1j]), target @ np.array([1, 1j])
    centred = begin - begin.mean()
    spread = max(float((np.abs(centred) ** 2).sum()), 1e-12)
    turn = complex((centred.conj() * (end - end.mean())).sum()) / spread
    move = complex(end.mean()) - turn * complex(begin.mean())
    return np.array([[turn.real, -turn.imag, move.real], [turn.imag, turn.real, move.imag]])


def onto(face: Face, points: Points) -> Points:
    """The (2, 3) matrix that brings a face's landmarks as close to `points` (5, 2) as a similarity does."""
    return similarity(face.landmarks.astype(np.float64), points)


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
        chip = pixels.cut(image, onto(face, self._points), self._side)
        return pixels.rgb(chip) if self._rgb else chip


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
        return pixels.rgb(pixels.cut(image, onto(face, _CANVAS_POINTS), _CANVAS))

    def prepare(self) -> Any:
        """dlib's predictor, read from its file at the first call. Raises ModelError."""
        import dlib

        with self._lock:
            if self._predictor is None:
                self._predictor = dlib.shape_predictor(str(locate(DLIB_LANDMARKS)))
            return self._predictor
