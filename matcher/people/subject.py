"""A person who agreed to be in the gallery."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A subject's id is a random UUID4, used in the log; the name is sealed at rest and gone after withdrawal."""

    id: str
    name: str | None
    created_at: datetime
    withdrawn_at: datetime | None = None
