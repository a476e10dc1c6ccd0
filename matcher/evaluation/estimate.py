"""Something measured, and how sure it is."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and its 95 % interval, [low, high]."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Estimate":
        """So many times as much."""
        return Estimate(value=self.value * factor, low=self.low * factor, high=self.high * factor)
