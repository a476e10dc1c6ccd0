"""One step of the `streams` benchmark: a number of cameras for a time."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Step:
    """cameras: how many. seconds: of measurement. substream: whether each also offers a picture of 640×360."""

    cameras: int
    seconds: float
    substream: bool = False

    @property
    def label(self) -> str:
        """As tables and plots name it."""
        return f"{self.cameras} + substream" if self.substream else str(self.cameras)
