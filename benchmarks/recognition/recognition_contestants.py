"""The steps of recognition by each contestant: Clearglass, dlib as face_recognition uses it, OpenCV with the same
weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.alternation import Contestant
from benchmarks.recognition.recognition_pictures import Picture
from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.networks.alignment import DlibAlignment
from matcher.recognition.networks.dlib_network import DlibNetwork
from matcher.recognition.networks.dlib_reference import DlibReference
from matcher.recognition.networks.folding import folded
from matcher.recognition.networks.pipeline import load_recogniser
from matcher.recognition.networks.sface import SFace
from matcher.recognition.networks.weights import read
from matcher.recognition.networks.yunet import YuNet
from matcher.recognition.registry import SFACE, YUNET

Floats = NDArray[np.float32]

OURS, SMALLER = "Clearglass", "Clearglass, faces from 48 px"
HOG, HOG_UPSAMPLED = "dlib HOG", "dlib HOG, upsampled once"
DETECTION, NETWORK, SFACE_NETWORK = "detect in 1080p", "dlib's network", "SFace"
LEAST_FACE = 40.0
"""Pixels between ear and ear from which on faces are looked for."""

BATCH = 16
MIN_SCORE, OVERLAP, MOST_FACES = 0.7, 0.3, 5000


@dataclass(frozen=True, kw_only=True)
class Job:
    """One step, and its implementations, of which the first is the reference. faces: how many one call processes; a
    detection counts as one, however many faces it finds.
    """

    name: str
    faces: int
    contestants: Mapping[str, Contestant]


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """The input of all contestants. faces: found in the first picture. photograph: one face, 250×250."""

    pictures: Sequence[Picture]
    faces: Sequence[Face]
    photograph: Image

    @property
    def frame(self) -> Image:
        """The first picture."""
        return self.pictures[0].pixels


class OpenCv:
    """OpenCV's own classes for YuNet and SFace, with the same dequantised weights. With the original files they are
    slower, or cannot read them.
    """

    def __init__(self) -> None:
        import cv2

        nothing = np.empty(0, np.uint8)
        detector, recogniser = (
            np.frombuffer(model.SerializeToString(), np.uint8)
            for model in (folded(read(YUNET), any_size=True), folded(read(SFACE)))
        )
        self._detector: Any = cv2.FaceDetectorYN.create(
            "onnx", detector, nothing, (320, 320), MIN_SCORE, OVERLAP, MOST_FACES
        )
        self._recogniser: Any = cv2.FaceRecognizerSF.create("onnx", recogniser, nothing)

    def detect(self, image: Image) -> Floats:
        """(n, 15) of the picture as it is: x, y, width, height, five landmarks, score; largest first."""
        self._detector.setInputSize(image.shape[1::-1])
        found = self._detector.detect(image)[1]
        rows: Floats = np.empty((0, 15), np.float32) if found is None else found
        return rows[np.argsort(-rows[:, 2] * rows[:, 3], kind="stable")]

    def chip(self, image: Image, face: Face) -> Image:
        """(112, 112, 3) BGR."""
        chip: Image = self._recogniser.alignCrop(image, row(face))
        return chip

    def embed(self, chips: Sequence[Image]) -> Floats:
        """(n, 128), one after the other, for it knows no batches; not of length 1."""
        return np.concatenate([self._recogniser.feature(chip) for chip in chips])


class Contestants:
    """All contestants, with this number of threads. OpenCV's limit holds for the whole process; dlib uses one
    thread."""

    def __init__(self, *, threads: int) -> None:
        self.recogniser = load_recogniser(threads=threads, eager=True)
        self.yunet = YuNet(threads=threads, min_score=MIN_SCORE, overlap=OVERLAP, min_face=LEAST_FACE)
        self.coarse = YuNet(threads=threads, min_score=MIN_SCORE, overlap=OVERLAP, min_face=48.0)
        self.sface = SFace(threads=threads)
        self.network = DlibNetwork(threads=threads)
        self.alignment = DlibAlignment()
        self.dlib = DlibReference()
        self.opencv = OpenCv()

    def jobs(self, material: Material) -> list[Job]:
        """All of them."""
        face, frame = material.faces[0], material.frame
        rgb = pixels.rgb(frame)
        sface = batch([self.sface.alignment.chip(frame, one) for one in material.faces])
        dlib = batch([self.alignment.chip(frame, one) for one in material.faces])
        return [
            self._detection(frame, rgb),
            Job(
                name="align a face for SFace",
                faces=1,
                contestants={
                    "OpenCV": lambda: self.opencv.chip(frame, face),
                    OURS: lambda: self.sface.alignment.chip(frame, face),
                },
            ),
            Job(
                name="align a face for dlib's network",
                faces=1,
                contestants={
                    "dlib": lambda: self.dlib.chip(rgb, face.box),
                    OURS: lambda: self.alignment.chip(frame, face),
                },
            ),
            *(self._sface(sface[:count]) for count in (1, BATCH)),
            *(self._network(dlib[:count]) for count in (1, BATCH)),
            self._whole(material.photograph),
        ]

    def _detection(self, frame: Image, rgb: Image) -> Job:
        small = self.yunet.scaled(frame)
        return Job(
            name=DETECTION,
            faces=1,
            contestants={
                HOG: lambda: self.dlib.detect(rgb, upsampled=0),
                HOG_UPSAMPLED: lambda: self.dlib.detect(rgb, upsampled=1),
                "OpenCV, scaled as ours": lambda: self.opencv.detect(self.yunet.scaled(frame)),
                OURS: lambda: self.yunet.detect(frame),
                SMALLER: lambda: self.coarse.detect(frame),
                "OpenCV, scaled before": lambda: self.opencv.detect(small),
                "Clearglass, scaled before": lambda: self.yunet.detect_unscaled(small),
            },
        )

    def _sface(self, chips: Sequence[Image]) -> Job:
        return Job(
            name=in_batches(SFACE_NETWORK, len(chips)),
            faces=len(chips),
            contestants={"OpenCV": lambda: self.opencv.embed(chips), OURS: lambda: self.sface.embed(chips)},
        )

    def _network(self, chips: Sequence[Image]) -> Job:
        return Job(
            name=in_batches(NETWORK, len(chips)),
            faces=len(chips),
            contestants={"dlib": lambda: self.dlib.embed(chips), OURS: lambda: self.network.embed(chips)},
        )

    def _whole(self, photograph: Image) -> Job:
        def ours() -> object:
            faces = self.recogniser.detect([photograph])[0][:1]
            return self.recogniser.extract([photograph], faces)

        return Job(
            name="photograph of 250×250 to vectors",
            faces=1,
            contestants={"face_recognition": lambda: self.dlib.encodings(photograph), OURS: ours},
        )


def in_batches(network: str, size: int) -> str:
    """The name of its job."""
    return f"{network}, batch of {size}"


def row(face: Face) -> Floats:
    """(15,) as OpenCV has a face."""
    box = face.box
    return np.array([box.x, box.y, box.width, box.height, *face.landmarks.reshape(-1), face.score], np.float32)


def batch(chips: Sequence[Image]) -> list[Image]:
    """As many chips as go through a network at once, some of them again where there are too few."""
    return [chips[place % len(chips)] for place in range(BATCH)]
