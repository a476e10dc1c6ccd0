"""The recogniser: YuNet and the embedders of a fusion, all on ONNX Runtime.

A template is the mean of a face's vectors and of those of its mirror image.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.face_model import FaceModel
from matcher.recognition.fusion import Fusion, Metric, Part
from matcher.recognition.networks import heap
from matcher.recognition.networks.assessment import assess
from matcher.recognition.networks.dlib_network import DlibNetwork
from matcher.recognition.networks.embedder import Embedder
from matcher.recognition.networks.onnx_embedder import OnnxEmbedder
from matcher.recognition.networks.orientation import quarters_to_upright
from matcher.recognition.networks.refinement import refined
from matcher.recognition.networks.sface import SFace, unit
from matcher.recognition.networks.weights import ModelError
from matcher.recognition.networks.yunet import YuNet
from matcher.recognition.quality import Quality
from matcher.recognition.template import Template

BATCH = 2
"""The number of faces, each with its mirror image, in one run of a network.

A larger batch is not faster on one thread and 6 % faster on two, and takes 11 MiB more for each picture.
"""

T = TypeVar("T")
Floats = NDArray[np.float32]


class _Lazy(Generic[T]):
    """Makes its value once, at the first call of any thread."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: T | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


class OnnxRecogniser:
    """See `Recogniser`. `load_recogniser` makes it."""

    def __init__(self, detector: YuNet, model: FaceModel, *, threads: int, embedders: bool) -> None:
        self._detector = detector
        self._model = model
        self._embedders = _embedders(model, threads=threads) if embedders else {}

    @property
    def model_digest(self) -> str:
        """Hex SHA-256 that identifies the weights and the processing steps of this recogniser's templates."""
        return self._model.digest

    @property
    def fusion(self) -> Fusion:
        """The fusion that compares its templates."""
        return self._model.fusion

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Returns the faces of each picture, largest first; an empty list for a picture without faces."""
        return [self._detector.detect(image) for image in images]

    def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
        """Returns the quality of faces[i] in images[i]."""
        return [assess(image, face) for image, face in zip(images, faces, strict=True)]

    def orientations(self, images: Sequence[Image], faces: Sequence[Face]) -> list[int | None]:
        """See `Recogniser`."""
        return [quarters_to_upright(self._detector, image, face) for image, face in zip(images, faces, strict=True)]

    def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
        """Returns the template of faces[i] in images[i]. Raises ModelError if the recogniser has no embedders."""
        if not self._embedders:
            raise ModelError(
                "This recogniser was loaded for detection only.", remedy="Load it with embedders to extract templates."
            )
        pairs = list(zip(images, faces, strict=True))
        return [
            template
            for start in range(0, len(pairs), BATCH)
            for template in self._templates(pairs[start : start + BATCH])
        ]

    def refine(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Face]:
        """Returns faces[i] with landmarks refined in images[i], as `extract` does before it cuts chips."""
        return [refined(self._detector, image, face) for image, face in zip(images, faces, strict=True)]

    def prepare(self) -> None:
        """Reads the files that `extract` needs, so that its first call is as fast as later ones. Raises ModelError."""
        for embedder in self._embedders.values():
            embedder().alignment.prepare()
        heap.give_back()

    def _templates(self, pairs: Sequence[tuple[Image, Face]]) -> list[Template]:
        images = [image for image, _ in pairs]
        refined_faces = self.refine(images, [face for _, face in pairs])
        upright = list(zip(images, refined_faces, strict=True))
        vectors = {part.embedder: self._vectors(part, upright) for part in self.fusion.parts}
        digest = self.model_digest
        return [
            Template(model_digest=digest, vectors={name: each[place] for name, each in vectors.items()})
            for place in range(len(pairs))
        ]

    def _vectors(self, part: Part, upright: Sequence[tuple[Image, Face]]) -> Floats:
        """Returns the (n, d) vectors of n faces by the part's embedder."""
        embedder = self._embedders[part.embedder]()
        chips = [embedder.alignment.chip(image, face) for image, face in upright]
        vectors = means(embedder.embed(pixels.with_mirror_images(chips)))
        return unit(vectors) if part.metric is Metric.COSINE else vectors


def _embedders(model: FaceModel, *, threads: int) -> dict[str, _Lazy[Embedder]]:
    """Returns the model's embedders by name, each made at its first use."""
    made: dict[str, _Lazy[Embedder]] = {
        "sface": _Lazy(lambda: SFace(threads=threads)),
        "dlib": _Lazy(lambda: DlibNetwork(threads=threads)),
    }
    for entry in model.entries:
        made[entry.name] = _Lazy(partial(OnnxEmbedder, entry, threads=threads))
    return {name: made[name] for name in model.fusion.dimensions}


def means(vectors: Floats) -> Floats:
    """Returns (n, d): the mean of vectors i and n + i of 2 n, which are a chip's and its mirror image's."""
    mean: Floats = (vectors[: len(vectors) // 2] + vectors[len(vectors) // 2 :]) / np.float32(2)
    return mean


def load_recogniser(
    model: FaceModel | None = None, *, threads: int = 1, embedders: bool = True, eager: bool = False
) -> OnnxRecogniser:
    """Returns the recogniser with its detector loaded. Each embedder is read at its first use.

    model: None stands for the default model. threads: the threads of each network, and of OpenCV in the whole process.
    embedders: False for detection only. eager: read the embedders now, so that the first face does not wait for them.
    Raises ModelError.
    """
    pixels.limit_threads(threads)
    model = FaceModel() if model is None else model
    recogniser = OnnxRecogniser(YuNet(threads=threads), model, threads=threads, embedders=embedders)
    if eager and embedders:
        recogniser.prepare()
    return recogniser


def load_chosen(*, embedders: str | None, fusion: str | None) -> OnnxRecogniser:
    """Returns the recogniser of the model that the settings select, with all embedders read.

    Its arguments are plain values, so that they can be passed to another process. embedders: the path of a file of
    entries. Raises ModelError, and as `FaceModel.chosen` does.
    """
    return load_recogniser(FaceModel.chosen(None if embedders is None else Path(embedders), fusion), eager=True)
