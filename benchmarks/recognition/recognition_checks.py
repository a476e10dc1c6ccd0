"""Checks that the fast implementations give the results of the others, and counts the faces that each detector
finds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.benchmark import Progress
from benchmarks.harness.overlap import OVERLAP, overlap
from benchmarks.recognition.recognition_contestants import HOG, HOG_UPSAMPLED, OURS, SMALLER, Contestants, Material, row
from benchmarks.recognition.recognition_pictures import ROWS, Picture
from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Box, Face

Floats = NDArray[np.float32]
Detects = Callable[[Image], Sequence[Box]]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison. of: how many were compared; greatest: difference found, at most `allowed`, in `unit`."""

    what: str
    of: int
    greatest: float
    allowed: float
    unit: str = ""

    @property
    def holds(self) -> bool:
        """True if the difference is allowed, and something was compared."""
        return self.of > 0 and self.greatest <= self.allowed


def checks(contestants: Contestants, material: Material) -> list[Check]:
    """Everything that must be equal: the boxes, the chip, the vectors of both networks, alone and in a batch."""
    frame, faces = material.frame, material.faces
    sface_chip = contestants.sface.alignment.chip
    chips = [sface_chip(frame, face) for face in faces]
    dlib_chips = [contestants.alignment.chip(frame, face) for face in faces]
    dlib, sface = contestants.dlib.embed(dlib_chips), unit(contestants.opencv.embed(chips))
    alone = np.concatenate([contestants.network.embed([chip]) for chip in dlib_chips])
    return [
        _boxes(contestants, material.pictures),
        Check(
            what="SFace's chip and OpenCV's, of faces not averaged down",
            **_apart([(sface_chip(frame, one), contestants.opencv.chip(frame, one)) for one in _small(faces)]),
            allowed=2,
            unit="of 255",
        ),
        Check(what="SFace's vectors and OpenCV's", **_apart([(contestants.sface.embed(chips), sface)]), allowed=1e-5),
        Check(
            what="dlib's vectors and its own, in batches",
            **_apart([(contestants.network.embed(dlib_chips), dlib)]),
            allowed=1e-5,
        ),
        Check(what="dlib's vectors and its own, one by one", **_apart([(alone, dlib)]), allowed=1e-5),
    ]


def found(contestants: Contestants, pictures: Sequence[Picture], progress: Progress) -> dict[str, Any]:
    """The number of the present faces that each detector finds, by their width; and its false detections."""
    detectors: Mapping[str, Detects] = {
        HOG: lambda picture: contestants.dlib.detect(pixels.rgb(picture), upsampled=0),
        HOG_UPSAMPLED: lambda picture: contestants.dlib.detect(pixels.rgb(picture), upsampled=1),
        OURS: lambda picture: [face.box for face in contestants.yunet.detect(picture)],
        SMALLER: lambda picture: [face.box for face in contestants.coarse.detect(picture)],
    }
    sizes = [size for size in ROWS if any(face.size == size for face in pictures[0].faces)]
    counted: dict[str, Any] = {name: {"found": dict.fromkeys(map(str, sizes), 0), "beside": 0} for name in detectors}
    with progress.step("finding", total=len(pictures) * len(detectors)) as advance:
        for picture in pictures:
            for name, detect in detectors.items():
                boxes = detect(picture.pixels)
                hits = [face for face in picture.faces if any(overlap(face.box, box) >= OVERLAP for box in boxes)]
                for face in hits:
                    counted[name]["found"][str(face.size)] += 1
                counted[name]["beside"] += len(boxes) - len(hits)
                advance(1)
    of = {str(size): sum(face.size == size for picture in pictures for face in picture.faces) for size in sizes}
    return {"of": of, "detectors": counted}


def unit(vectors: Floats) -> Floats:
    """Of length 1."""
    scaled: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def _boxes(contestants: Contestants, pictures: Sequence[Picture]) -> Check:
    pairs = []
    for picture in pictures:
        small = contestants.yunet.scaled(picture.pixels)
        ours = np.array([row(face) for face in contestants.yunet.detect_unscaled(small)], np.float32).reshape(-1, 15)
        theirs = contestants.opencv.detect(small)
        if len(ours) != len(theirs):
            # A face that only one of them finds counts as a difference of the picture's height.
            return Check(what=_BOXES, of=len(theirs), greatest=float(len(small)), allowed=_BOX_APART, unit="pixels")
        pairs.append((ours, theirs))
    return Check(what=_BOXES, **_apart(pairs), allowed=_BOX_APART, unit="pixels")


_BOXES = "YuNet's boxes, landmarks and scores and OpenCV's"
_BOX_APART = 1e-3


def _small(faces: Sequence[Face]) -> list[Face]:
    """Those whose eyes are less than twice as far apart as on SFace's chip."""
    return [face for face in faces if float(np.hypot(*(face.landmarks[1] - face.landmarks[0]))) < 2 * 35]


def _apart(pairs: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> dict[str, Any]:
    apart = [float(np.abs(one.astype(np.float64) - other).max()) for one, other in pairs if len(one)]
    return {"of": sum(len(one) if one.ndim == 2 else 1 for one, _ in pairs), "greatest": max(apart, default=0.0)}
