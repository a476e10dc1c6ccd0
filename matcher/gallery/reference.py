"""A kept template of an enrolled subject."""

from dataclasses import dataclass
from datetime import datetime

from matcher.recognition.quality import Quality
from matcher.recognition.template import Template


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """One enrolled picture: its template and quality. `number` is its integer key in the index and the database."""

    number: int
    id: str
    subject_id: str
    template: Template
    quality: Quality
    created_at: datetime
