"""One step of the `streams` benchmark: so many cameras, for so long."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Step:
    """cameras: how many. seconds: of measurement."""

    cameras: int
    seconds: float

    @property
    def label(self) -> str:
        """As tables and plots name it."""
        return str(self.cameras)
