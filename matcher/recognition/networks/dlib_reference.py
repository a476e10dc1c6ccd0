"""dlib's own implementation, kept callable: replays, tests and benchmarks compare the ONNX networks with it."""

import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Box
from matcher.recognition.networks.alignment import DLIB_PADDING, DLIB_SIZE, chip_along
from matcher.recognition.networks.weights import locate
from matcher.recognition.registry import DLIB_68_LANDMARKS, DLIB_LANDMARKS, DLIB_NETWORK

EMBEDDER = "dlib"
"""The name in a fusion of the embedder that this implementation is of."""


class DlibReference:
    """Detector, landmarks and network run by dlib itself, and face_recognition's whole way through them."""

    def __init__(self) -> None:
        import dlib

        self._detector: Any = dlib.get_frontal_face_detector()
        self._predictor: Any = dlib.shape_predictor(str(locate(DLIB_LANDMARKS)))
        self._predictor_68: Any = None
        self._network: Any = dlib.face_recognition_model_v1(str(locate(DLIB_NETWORK)))
        # dlib's network keeps its layers' outputs inside itself: two runs at once would mix them up.
        self._lock = threading.Lock()

    def detect(self, picture: Image, *, upsampled: int) -> list[Box]:
        """The faces that dlib's HOG detector finds in an **RGB** picture, of 80 pixels on before it is upsampled.

        upsampled: how many times its sides are doubled first; face_recognition does it once.
        """
        return [
            Box(x=found.left(), y=found.top(), width=found.width(), height=found.height())
            for found in self._detector(picture, upsampled)
        ]

    def chip(self, picture: Image, box: Box) -> Image:
        """(150, 150, 3) RGB: the face in a box of an **RGB** picture, aligned as face_recognition does it."""
        import dlib

        corners = (box.x, box.y, box.x + box.width - 1, box.y + box.height - 1)
        shape = self._predictor(picture, dlib.rectangle(*(round(corner) for corner in corners)))
        chip: Image = dlib.get_face_chip(picture, shape, size=DLIB_SIZE, padding=DLIB_PADDING)
        return chip

    def chip_of_68(self, canvas: Image) -> Image:
        """(150, 150, 3) RGB: the face of `DlibAlignment`'s canvas, aligned on 68 points instead of five."""
        import dlib

        if self._predictor_68 is None:
            self._predictor_68 = dlib.shape_predictor(str(locate(DLIB_68_LANDMARKS)))
        return chip_along(self._predictor_68, canvas, DLIB_PADDING)

    def embed(self, chips: Sequence[Image]) -> NDArray[np.float32]:
        """(n, 128) vectors of n chips, each (150, 150, 3) RGB; the same job as `DlibNetwork.embed`."""
        with self._lock:
            return np.array([self._network.compute_face_descriptor(chip) for chip in chips], np.float32).reshape(
                -1, 128
            )

    def encodings(self, image: Image) -> NDArray[np.float32]:
        """(n, 128): what face_recognition makes of the n faces that dlib's HOG detector finds in a BGR picture."""
        with self._lock, warnings.catch_warnings():
            # It reads all its models when it is imported, by way of the deprecated pkg_resources.
            warnings.simplefilter("ignore")
            from PIL import ImageFile

            strict = ImageFile.LOAD_TRUNCATED_IMAGES
            import face_recognition

            # It tells Pillow, for the whole process, to make a picture of any broken file.
            ImageFile.LOAD_TRUNCATED_IMAGES = strict
            picture = pixels.rgb(image)
            return np.array(face_recognition.face_encodings(picture, model="small"), np.float32).reshape(-1, 128)
