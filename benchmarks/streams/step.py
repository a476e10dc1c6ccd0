"""One step of the `streams` benchmark: a number of cameras for a time."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Step:
    """cameras: their number. seconds: of measurement. substream: true if each also sends a picture of 640×360."""

    cameras: int
    seconds: float
    substream: bool = False

    @property
    def label(self) -> str:
        """Its name in tables and plots."""
        return f"{self.cameras} + substream" if self.substream else str(self.cameras)
