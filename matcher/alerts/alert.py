"""What a match becomes: something for people to look at."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertStatus(StrEnum):
    """Derived from the reviews; see `matcher.alerts.review`."""

    OPEN = "open"
    AWAITING_SECOND = "awaiting_second"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A candidate raised for review. Its two pictures are sealed under the subject's key and fetched apart from it."""

    id: str
    camera_id: str
    subject_id: str
    reference_id: str
    request_index: int
    outcome_index: int
    dissimilarity: float
    operating_point: str
    captured_at: datetime
    raised_at: datetime
    status: AlertStatus
