"""People's verdicts on an alert. A confirmation takes two different people (EU AI Act, Art. 14(5)); a rejection one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from matcher.alerts.alert import AlertStatus


class Verdict(StrEnum):
    """A reviewer's verdict."""

    CONFIRM = "confirm"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Review:
    """One person's verdict on one alert, with the log entry that holds it."""

    alert_id: str
    reviewer: str
    verdict: Verdict
    note: str | None
    reviewed_at: datetime
    audit_index: int


def status_of(verdicts: Sequence[Verdict]) -> AlertStatus:
    """One rejection rejects; two confirmations (of different people, which the store enforces) confirm."""
    if Verdict.REJECT in verdicts:
        return AlertStatus.REJECTED
    if not verdicts:
        return AlertStatus.OPEN
    return AlertStatus.CONFIRMED if len(verdicts) > 1 else AlertStatus.AWAITING_SECOND
