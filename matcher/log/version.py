"""The versions of entries. A version names a schema, which stays readable for as long as there are logs.

Every reader of entries sees the form of the newest version, whatever the version of a leaf. `Version.lifted` alone
knows how an older one is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from matcher.log.version_1 import lift

Body = Mapping[str, Any]
"""What an entry says beside its kind and time: JSON values only."""

NEWEST = 2
"""The version that is written."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """fields: the names in a leaf. lifted: of an entry's kind and body, the body in the newest version's form."""

    fields: frozenset[str]
    lifted: Callable[[str, Body], Body]


def _unchanged(kind: str, body: Body) -> Body:
    return body


VERSIONS: Mapping[int, Version] = {
    1: Version(fields=frozenset({"version", "time", "kind", "body"}), lifted=lift.lifted),
    NEWEST: Version(fields=frozenset({"version", "time", "kind", "salt", "body"}), lifted=_unchanged),
}
"""All that can be read, by number."""
