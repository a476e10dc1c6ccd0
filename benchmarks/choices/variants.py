"""Variants of the steps from a picture to a vector, which `choices` compares on LFW's view 1."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.extractor import Extracted, middle_face
from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.face_model import FaceModel
from matcher.recognition.image import decode_image
from matcher.recognition.networks.alignment import DLIB_PADDING, DlibAlignment
from matcher.recognition.networks.dlib_network import DlibNetwork
from matcher.recognition.networks.dlib_reference import DlibReference
from matcher.recognition.networks.pipeline import OnnxRecogniser, load_recogniser
from matcher.recognition.networks.refinement import refined
from matcher.recognition.networks.sface import SFace
from matcher.recognition.networks.yunet import YuNet

Floats = NDArray[np.float32]

DETECTED, REFINED_ONCE, REFINED = "landmarks as detected", "found anew, one size", "found anew, three sizes"
MIRRORED = " + mirror image"
HALF, DOUBLE = "detected at half the size", "detected at twice the size"

DLIB_BOX = "dlib's landmarks in the detector's box"
DLIB_UPRIGHT = "five points on an upright face"
DLIB_REFINED = "five points, face upright by landmarks found anew"
DLIB_68 = "68 points, face upright by landmarks found anew"
DLIB_PADDINGS = "five points, found anew, three paddings"

SFACE_STEPS = (
    HALF,
    DOUBLE,
    DETECTED,
    DETECTED + MIRRORED,
    REFINED_ONCE + MIRRORED,
    REFINED,
    REFINED + MIRRORED,
)
DLIB_STEPS = (
    DLIB_BOX,
    DLIB_UPRIGHT,
    DLIB_UPRIGHT + MIRRORED,
    DLIB_REFINED,
    DLIB_REFINED + MIRRORED,
    DLIB_68 + MIRRORED,
    DLIB_PADDINGS + MIRRORED,
)
IN_USE = (REFINED + MIRRORED, DLIB_REFINED + MIRRORED)

_ONE_SIZE = (1.0,)
_PADDINGS = (0.2, DLIB_PADDING, 0.3)


class VariantExtractor:
    """See `benchmarks.accuracy.extractor.Extractor`. Its embedders are the steps' names, SFace's and dlib's."""

    def __init__(self) -> None:
        names = [FaceModel().digest, version("face_recognition_models"), *SFACE_STEPS, *DLIB_STEPS]
        self.digest = hashlib.sha256(" ".join(names).encode()).hexdigest()

    def load(self) -> None:
        """See `Extractor`."""
        self._recogniser: OnnxRecogniser = load_recogniser()
        self._detector = YuNet()
        self._sface, self._network = SFace(), DlibNetwork()
        self._alignment, self._reference = DlibAlignment(), DlibReference()

    def extract(self, data: bytes, landmarks: Floats | None) -> Extracted | None:
        """See `Extractor`. Where a face is not found at another size, the one found at the picture's own is taken."""
        image = decode_image(data)
        faces = self._recogniser.detect([image])[0]
        if not faces:
            return None
        face = middle_face(image, faces)
        once = refined(self._detector, image, face, scales=_ONE_SIZE)
        thrice = refined(self._detector, image, face)
        sface: dict[str, list[Image]] = {
            HALF: [self._sface.alignment.chip(image, self._detected(image, face, 0.5))],
            DOUBLE: [self._sface.alignment.chip(image, self._detected(image, face, 2.0))],
        }
        for name, one in ((DETECTED, face), (REFINED_ONCE, once), (REFINED, thrice)):
            sface |= _with_mirrored(name, [self._sface.alignment.chip(image, one)])
        dlib: dict[str, list[Image]] = {DLIB_BOX: [self._reference.chip(pixels.rgb(image), face.box)]}
        dlib |= _with_mirrored(DLIB_UPRIGHT, [self._alignment.chip(image, face)])
        dlib |= _with_mirrored(DLIB_REFINED, [self._alignment.chip(image, thrice)])
        dlib |= _with_mirrored(DLIB_68, [self._reference.chip_of_68(self._alignment.upright(image, thrice))])
        dlib |= _with_mirrored(
            DLIB_PADDINGS, [self._alignment.chip(image, thrice, padding=padding) for padding in _PADDINGS]
        )
        vectors = dict(_means(SFACE_STEPS, sface, self._sface.embed)) | dict(
            _means(DLIB_STEPS, dlib, self._network.embed)
        )
        return Extracted(quality=self._recogniser.assess([image], [face])[0].score, vectors=vectors)

    def _detected(self, image: Image, face: Face, scale: float) -> Face:
        """The face as the detector finds it in the picture made smaller or larger."""
        other = pixels.resize(image, scale)
        faces = self._detector.detect_unscaled(other)
        if not faces:
            return face
        found = middle_face(other, faces)
        landmarks = ((found.landmarks + 0.5) / scale - 0.5).astype(np.float32)
        return Face(box=face.box, landmarks=landmarks, score=face.score)


def _with_mirrored(name: str, chips: Sequence[Image]) -> dict[str, list[Image]]:
    return {name: list(chips), name + MIRRORED: pixels.with_mirror_images(chips)}


def _means(steps: Sequence[str], chips: Mapping[str, Sequence[Image]], embed: Any) -> Iterator[tuple[str, Floats]]:
    """Each chip goes through the network once, also if several variants use it."""
    wanted = {id(chip): chip for step in steps for chip in chips[step]}
    vectors = dict(zip(wanted, embed(list(wanted.values())), strict=True))
    for step in steps:
        yield step, np.mean([vectors[id(chip)] for chip in chips[step]], axis=0)
