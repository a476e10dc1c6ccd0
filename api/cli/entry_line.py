"""A log entry in one line for people; JSON has its whole content."""

import re
from collections.abc import Mapping
from typing import Any

_DIGEST = re.compile(r"[0-9a-f]{64}")


def entry_line(body: Mapping[str, Any]) -> str:
    """A summary of an entry's body: its plain values by name, the lengths of lists, and objects of numbers; without
    digests, moments and other nested parts."""
    said = ((name.replace("_", " "), _told(name, value)) for name, value in body.items())
    return ", ".join(f"{name} {told}" for name, told in said if told is not None)


def _told(name: str, value: Any) -> str | None:
    if value is None or name.endswith("_at"):
        return None
    if isinstance(value, Mapping):
        counted = [f"{part.replace('_', ' ')} {_told(part, one)}" for part, one in value.items() if _is_number(one)]
        return f"({', '.join(counted)})" if len(counted) == len(value) > 0 else None
    if isinstance(value, list):
        return str(len(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return None if _DIGEST.fullmatch(text) else text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
