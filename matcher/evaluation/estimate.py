"""A measured value with its interval."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and its 95 % interval, [low, high]."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Estimate":
        """The estimate multiplied by a factor."""
        return Estimate(value=self.value * factor, low=self.low * factor, high=self.high * factor)
