"""References: the records of enrolled pictures."""

from dataclasses import dataclass
from datetime import datetime

from matcher.recognition.quality import Quality


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownReference:
    """The ids of a reference and its subject. `number` is its integer key in the index and the database."""

    number: int
    id: str
    subject_id: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference(KnownReference):
    """One enrolled picture: its quality, and which model made its template (hex SHA-256)."""

    model_digest: str
    quality: Quality
    created_at: datetime
