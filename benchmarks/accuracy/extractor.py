"""Extracts vectors from pictures, with the service's models and a researcher's own."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition.embedder_entry import EmbedderEntry
from matcher.recognition.face import Box, Face
from matcher.recognition.face_model import FaceModel
from matcher.recognition.image import decode_image
from matcher.recognition.networks.onnx_embedder import OnnxEmbedder
from matcher.recognition.networks.pipeline import OnnxRecogniser, load_recogniser, means
from matcher.recognition.pixels import with_mirror_images

Floats = NDArray[np.float32]

SFACE, DLIB = "sface", "dlib"


@dataclass(frozen=True, kw_only=True, eq=False)
class Extracted:
    """The result for one picture. quality: 0 to 1. vectors: (d,) by embedder."""

    quality: float
    vectors: Mapping[str, Floats]


class Extractor(Protocol):
    """It is sent to each process and loads its models there."""

    @property
    def digest(self) -> str:
        """Hex SHA-256 of everything that determines the vectors."""
        ...

    def load(self) -> None:
        """Reads the models."""
        ...

    def extract(self, data: bytes, landmarks: Floats | None) -> Extracted | None:
        """Extracts from a JPEG or PNG; None if no face is found. landmarks: those of the set itself, if it has any."""
        ...


class ServiceExtractor:
    """Makes the service's templates, and these embedders' vectors from the same refined landmarks."""

    def __init__(self, entries: Sequence[EmbedderEntry] = ()) -> None:
        self._entries = tuple(entries)
        facts = [FaceModel().digest, *(f"{entry.name} {entry.digest}" for entry in self._entries)]
        self.digest = hashlib.sha256(" ".join(facts).encode()).hexdigest()

    def load(self) -> None:
        """See `Extractor`."""
        self._recogniser = load_recogniser(eager=True)
        self._embedders = {entry.name: OnnxEmbedder(entry) for entry in self._entries}

    def extract(self, data: bytes, landmarks: Floats | None) -> Extracted | None:
        """See `Extractor`."""
        image = decode_image(data)
        face = face_of(self._recogniser, image, landmarks)
        if face is None:
            return None
        template = self._recogniser.extract([image], [face])[0]
        upright = self._recogniser.refine([image], [face])[0] if self._embedders else face
        own = {name: self._vector(embedder, image, upright) for name, embedder in self._embedders.items()}
        return Extracted(
            quality=self._recogniser.assess([image], [face])[0].score,
            vectors={**template.vectors, **own},
        )

    @staticmethod
    def _vector(embedder: OnnxEmbedder, image: Image, face: Face) -> Floats:
        vector: Floats = means(embedder.embed(with_mirror_images([embedder.alignment.chip(image, face)])))[0]
        return vector


def face_of(recogniser: OnnxRecogniser, image: Image, landmarks: Floats | None) -> Face | None:
    """The face that the picture is labelled with."""
    if landmarks is not None:
        (left, top), (right, bottom) = landmarks.min(axis=0), landmarks.max(axis=0)
        box = Box(x=float(left), y=float(top), width=float(right - left), height=float(bottom - top))
        return Face(box=box, landmarks=landmarks, score=1.0)
    faces = recogniser.detect([image])[0]
    return middle_face(image, faces) if faces else None


def middle_face(image: Image, faces: Sequence[Face]) -> Face:
    """The face nearest to the middle: pictures of such sets are cut around the person they name."""
    height, width = image.shape[:2]

    def distance(face: Face) -> float:
        box = face.box
        return math.hypot(box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2)

    return min(faces, key=distance)
