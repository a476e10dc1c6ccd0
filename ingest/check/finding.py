"""A finding: one property of a camera and its verdict."""

from dataclasses import dataclass
from enum import StrEnum


class Aspect(StrEnum):
    """The properties that are judged."""

    FACES_SEEN = "faces_seen"
    EYE_DISTANCE = "eye_distance"
    PITCH = "pitch"
    YAW = "yaw"
    SHARPNESS = "sharpness"
    LIGHT = "light"
    BITRATE = "bitrate"
    FRAME_RATE = "frame_rate"
    LOSS = "loss"
    UPRIGHT = "upright"
    SHAPE = "shape"


class Verdict(StrEnum):
    """The verdict of one finding, or of all. UNKNOWN: too little was seen."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One property of a camera. measured, least, most: in `unit`; None: not measured, or no bound on that side.

    change: what to do about it, one plain sentence; empty when it passes.
    """

    what: Aspect
    measured: float | None
    least: float | None
    most: float | None
    unit: str
    verdict: Verdict
    change: str

    @property
    def found(self) -> str:
        """The measured value as text."""
        return "–" if self.measured is None else f"{_figure(self.measured)} {self.unit}".strip()

    @property
    def needed(self) -> str:
        """The bounds as text."""
        if self.least is not None and self.most is not None:
            return f"{_figure(self.least)} to {_figure(self.most)} {self.unit}".strip()
        if self.least is not None:
            return f"at least {_figure(self.least)} {self.unit}".strip()
        return "" if self.most is None else f"at most {_figure(self.most)} {self.unit}".strip()


def _figure(value: float) -> str:
    """Values below 100 are shown to a tenth: rounded to whole numbers, a value next to its bound would look equal."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}".removesuffix(".0")
