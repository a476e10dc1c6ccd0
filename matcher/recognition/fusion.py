"""Two embedders' opinions become one number to hold a threshold against."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.recognition.template import ModelMismatchError, Template

DLIB_WEIGHT = 0.5
"""What dlib's distance counts beside SFace's.

On LFW view 1 (`python -m benchmarks operating-point`) all from 0.4 to 0.9 are equal within the noise of 1,600 mated
pairs, at half to three quarters of the misses of SFace alone.
"""


@dataclass(frozen=True, kw_only=True)
class Dissimilarity:
    """How far apart two faces are; lower is closer, and none of it is a probability.

    sface: 1 - cosine, 0 to 2. dlib: Euclidean distance. fused: sface + DLIB_WEIGHT * dlib.
    """

    fused: float
    sface: float
    dlib: float


def compare(a: Template, b: Template) -> Dissimilarity:
    """How far apart two faces are. Raises ModelMismatchError if different models made the templates."""
    return compare_all(a, [b])[0]


def compare_all(probe: Template, templates: Sequence[Template]) -> list[Dissimilarity]:
    """How far the probe is from each template. Raises ModelMismatchError if different models made any of them."""
    for template in templates:
        if template.model_digest != probe.model_digest:
            raise ModelMismatchError(
                f"Templates of different models cannot be compared: {probe.model_digest[:12]} made one, "
                f"{template.model_digest[:12]} the other.",
                remedy="Enrol again with the present model.",
            )
    if not templates:
        return []
    cosine = np.stack([template.sface for template in templates]).astype(np.float64) @ probe.sface.astype(np.float64)
    sface = np.maximum(1 - cosine, 0)
    apart = np.stack([template.dlib for template in templates]).astype(np.float64) - probe.dlib.astype(np.float64)
    dlib = np.linalg.norm(apart, axis=1)
    return [
        Dissimilarity(fused=float(one + DLIB_WEIGHT * other), sface=float(one), dlib=float(other))
        for one, other in zip(sface, dlib, strict=True)
    ]
