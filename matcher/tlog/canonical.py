"""RFC 8785 JSON, the form of the log's leaves. Objects, lists, texts, whole numbers and null are written here, with the
standard library's escaping; fractions, the difficult part, are written by `rfc8785`. Its `dumps` for the whole takes
three times as long, and was the largest part of the time of an entry.
"""

from functools import lru_cache
from json.encoder import encode_basestring as quoted

import rfc8785

_WHOLE = 2**53 - 1
"""Whole numbers up to here are exact in every implementation (RFC 8785, 3.2.2.3)."""


def canonical(value: object) -> bytes:
    """The one form of a JSON value. Raises ValueError where there is none: NaN, beyond 2^53, half a surrogate pair."""
    return _text(value).encode()


def _text(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{written}:{_text(value[name])}" for name, written in _members(tuple(value))]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_text(item) for item in value]) + "]"
    if value is None:
        return "null"
    if type(value) is int and abs(value) <= _WHOLE:
        return str(value)
    return rfc8785.dumps(value).decode()  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def _members(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """An object's names in the order of their UTF-16 code units (RFC 8785, 3.2.3), each with how it is written."""
    if not all(isinstance(name, str) for name in names):
        raise ValueError("an object's names are texts")
    return [(name, quoted(name)) for name in sorted(names, key=lambda name: name.encode("utf-16be"))]
