"""Moments as text, for the database and log entries: the order of texts is the order of times."""

import re
from datetime import UTC, datetime

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def format_time(moment: datetime) -> str:
    """A timezone-aware moment as ISO 8601 in UTC, always with microseconds, so that text order is time order."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone was about to be stored")
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """Parses the text that `format_time` wrote. Raises ValueError for any other text."""
    if _TIME.fullmatch(text) is None:
        raise ValueError(f"no moment as it is stored here: {text!r}")
    return datetime.fromisoformat(text)


def time_to_column(moment: datetime | None) -> str | None:
    """As `format_time`, for a column in which there may be no moment."""
    return None if moment is None else format_time(moment)


def time_from_column(text: str | None) -> datetime | None:
    """As `parse_time`, for a column in which there may be no moment."""
    return None if text is None else parse_time(text)
