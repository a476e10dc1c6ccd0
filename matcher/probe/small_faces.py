"""A quality gate for a photograph's small faces, for a caller who wants them searched for all the same."""

from dataclasses import dataclass, replace
from typing import Self

from matcher.recognition.quality import Quality, QualityGate, QualityReason

LEAST_EYE_DISTANCE = 2.0
"""Pixels between the eyes: no smaller face is found."""


@dataclass(frozen=True, kw_only=True)
class SmallFaceGate(QualityGate):
    """A gate that lets smaller faces through and asks less sharpness and contrast of them, in proportion to their size.

    Both are measured on a chip of fixed size: of a face that is enlarged for it the edges are soft, however sharp the
    picture is. On LFW view 1, scaled down, both fall with the size.

    By such faces strangers are taken for enrolled people no more often, but fewer of the enrolled are recognised: at
    fmr-1e-5 FNMR is 0.04 with eyes 20 pixels apart, 0.35 with 8, 0.78 with 6, 0.96 with 5
    (`python -m benchmarks crowd`).

    full_size: pixels between the eyes from which on all is asked that the gate asks.
    """

    full_size: float

    @classmethod
    def of(cls, gate: QualityGate, *, least_eye_distance: float) -> Self:
        """A gate that asks for all that another one does, but for the distance between the eyes."""
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
