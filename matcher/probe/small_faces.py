"""A quality gate for a photograph's small faces, which a caller may choose to search for."""

from dataclasses import dataclass, replace
from typing import Self

from matcher.recognition.quality import Quality, QualityGate, QualityReason

LEAST_EYE_DISTANCE = 2.0
"""Pixels between the eyes: no smaller face is found."""


@dataclass(frozen=True, kw_only=True)
class SmallFaceGate(QualityGate):
    """A gate that accepts smaller faces, and requires less sharpness and contrast of them in proportion to their size.

    Both are measured on a chip of fixed size: of a face that is enlarged for it the edges are soft, however sharp the
    picture is. On LFW view 1, scaled down, both fall with the size.

    Small faces raise the FNMR and not the FMR: at
    fmr-1e-5 FNMR is 0.04 with eyes 20 pixels apart, 0.35 with 8, 0.78 with 6, 0.96 with 5
    (`python -m benchmarks crowd`).

    full_size: the distance of the eyes, in pixels, from which on the full limits apply.
    """

    full_size: float

    @classmethod
    def of(cls, gate: QualityGate, *, least_eye_distance: float) -> Self:
        """A gate with the limits of another one except the distance between the eyes."""
        return cls(**vars(gate) | {"full_size": gate.min_eye_distance, "min_eye_distance": least_eye_distance})

    def judge(self, quality: Quality, *, upright: bool = True) -> tuple[QualityReason, ...]:
        """Every reason against using the face; empty when there is none."""
        share = min(max(quality.eye_distance, 1.0) / self.full_size, 1.0)
        as_if_full = replace(
            quality,
            sharpness=quality.sharpness / share,
            contrast=quality.contrast / share,
        )
        return super().judge(as_if_full, upright=upright)
