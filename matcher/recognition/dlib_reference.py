"""dlib's own implementation, kept callable: what the fast path on ONNX Runtime is held against."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.recognition.face import Image
from matcher.recognition.registry import DLIB_LANDMARKS, DLIB_NETWORK
from matcher.recognition.weights import locate


class DlibReference:
    """The network run by dlib itself, and face_recognition's whole way from a picture to its vectors."""

    def __init__(self) -> None:
        import dlib

        self._network: Any = dlib.face_recognition_model_v1(str(locate(DLIB_NETWORK)))
        self._predictor: Any = dlib.shape_predictor(str(locate(DLIB_LANDMARKS)))
        self._detector: Any = dlib.get_frontal_face_detector()
        # dlib's network keeps its layers' outputs inside itself: two runs at once would mix them up.
        self._lock = threading.Lock()

    def embed(self, chips: Sequence[Image]) -> NDArray[np.float32]:
        """(n, 128) vectors of n chips, each (150, 150, 3) RGB; the same job as `DlibNetwork.embed`."""
        with self._lock:
            return np.array([self._network.compute_face_descriptor(chip) for chip in chips], np.float32).reshape(
                -1, 128
            )

    def encodings(self, image: Image) -> NDArray[np.float32]:
        """(n, 128): what face_recognition.face_encodings(model="small") gives for the n faces of a BGR picture."""
        import dlib

        picture = np.ascontiguousarray(image[:, :, ::-1])
        with self._lock:
            shapes = [self._predictor(picture, box) for box in self._detector(picture, 1)]
        chips = [dlib.get_face_chip(picture, shape, size=150, padding=0.25) for shape in shapes]
        return self.embed(chips)
