"""Counts alerts by people's verdicts, and estimates from the decided ones how many of all are false."""

from collections.abc import Iterable, Sequence

from matcher.evaluation.estimate import Estimate
from matcher.evaluation.figures import Tally
from matcher.evaluation.interval import gamma_interval
from matcher.evaluation.log_extract import LoggedAlert
from matcher.evaluation.sampling import weights


class AlertCounter:
    """Counts alerts, the decided ones with their weights among all alerts that it was made of."""

    def __init__(self, alerts: Sequence[LoggedAlert]) -> None:
        self._weight, self.sampling = weights(alerts)

    def tally(self, alerts: Sequence[LoggedAlert]) -> Tally:
        """Counts some of the alerts."""
        rejected = [alert for alert in alerts if alert.rejected]
        decided = sum(alert.rejected is not None for alert in alerts)
        return Tally(
            alerts=len(alerts),
            confirmed=decided - len(rejected),
            rejected=len(rejected),
            undecided=len(alerts) - decided,
            estimated_false=float(sum(self._weight[alert.request] for alert in rejected)),
        )

    def false_alarms(self, alerts: Iterable[LoggedAlert]) -> dict[str, tuple[float, float]]:
        """By subject falsely named: the sum of weights, and of their squares."""
        found: dict[str, tuple[float, float]] = {}
        for alert in alerts:
            if alert.rejected:
                one, (total, squares) = self._weight[alert.request], found.get(alert.subject, (0.0, 0.0))
                found[alert.subject] = (total + one, squares + one**2)
        return found

    def estimate(self, alerts: Sequence[LoggedAlert], over: float) -> Estimate | None:
        """False alarms divided by the amount; None where the amount is 0, or no alert was decided."""
        if not over or (alerts and all(alert.rejected is None for alert in alerts)):
            return None
        parts = [total for total, _ in self.false_alarms(alerts).values()]
        low, high = gamma_interval(parts, self.sampling.largest_weight)
        return Estimate(value=sum(parts) / over, low=low / over, high=high / over)
