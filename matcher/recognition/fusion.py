"""Two embedders' opinions become one number to hold a threshold against."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Dissimilarities:
    """Of one probe and n templates: (n,) of each kind, as in Dissimilarity."""

    fused: NDArray[np.float64]
    sface: NDArray[np.float64]
    dlib: NDArray[np.float64]

    def each(self) -> list[Dissimilarity]:
        """One by one."""
        return [self.at(place) for place in range(len(self.fused))]

    def at(self, place: int) -> Dissimilarity:
        """That with the template at this place."""
        fused, sface, dlib = (float(kind[place]) for kind in (self.fused, self.sface, self.dlib))
        return Dissimilarity(fused=fused, sface=sface, dlib=dlib)


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
    sface = np.stack([template.sface for template in templates])
    return compare_vectors(probe, sface, np.stack([template.dlib for template in templates])).each()


def compare_vectors(probe: Template, sface: NDArray[np.float32], dlib: NDArray[np.float32]) -> Dissimilarities:
    """How far the probe is from n templates of its own model, given as (n, 128) vectors of both embedders."""
    near = np.maximum(1 - sface.astype(np.float64) @ probe.sface.astype(np.float64), 0)
    far = np.linalg.norm(dlib.astype(np.float64) - probe.dlib.astype(np.float64), axis=1)
    return Dissimilarities(fused=near + DLIB_WEIGHT * far, sface=near, dlib=far)
