"""Limits on the content of every message."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

LONGEST_TEXT = 2_000
"""The greatest length of a text, in characters."""

LARGEST_PICTURE = 4 << 20
"""The most bytes of one JPEG."""

LARGEST_COUNT = 1 << 53
"""The largest whole number that a float still holds exactly."""

MOST_ITEMS = 500
"""The most items of one sequence or mapping."""


def check_bounds(value: object) -> None:
    """Checks every field of a dataclass, at any depth. Raises ValueError where one exceeds its limit.

    Texts have at most LONGEST_TEXT characters, bytes at most LARGEST_PICTURE, sequences and mappings at most MOST_ITEMS
    items; whole numbers lie between -LARGEST_COUNT and LARGEST_COUNT; floats are finite; times have a time zone. Arrays
    are checked where they are decoded (`ingest.messages.message`). Raises TypeError for any other type.
    """
    if isinstance(value, str):
        _require(len(value) <= LONGEST_TEXT, "a text is too long")
    elif isinstance(value, bool) or value is None or isinstance(value, np.ndarray):
        pass
    elif isinstance(value, int):
        _require(-LARGEST_COUNT <= value <= LARGEST_COUNT, "a number is too large")
    elif isinstance(value, float):
        _require(math.isfinite(value), "a number is not finite")
    elif isinstance(value, bytes):
        _require(len(value) <= LARGEST_PICTURE, "a picture is too large")
    elif isinstance(value, datetime):
        _require(value.tzinfo is not None, "a time has no time zone")
    else:
        for part in _parts(value):
            check_bounds(part)


def _parts(value: object) -> Sequence[object]:
    if dataclasses.is_dataclass(value):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        _require(len(value) <= MOST_ITEMS, "a mapping has too many items")
        return [*value.keys(), *value.values()]
    if isinstance(value, Sequence):
        _require(len(value) <= MOST_ITEMS, "a sequence has too many items")
        return value
    raise TypeError("a value has a type that no message holds")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
