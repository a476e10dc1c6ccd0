"""What each kind of entry says, as a schema: published as JSON Schema, and what auditors hold every entry against.

The `version` of an entry names the schema. To the newest version a kind may be added, and a field that may be missing;
anything else is a new version, and the one before is kept as it is, in a package of its own.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model

from matcher.log.bodies import entry as version_2
from matcher.log.entry import EntryKind
from matcher.log.version import NEWEST
from matcher.log.version_1 import entry as version_1

_ENTRIES: Mapping[int, tuple[type[BaseModel], Mapping[EntryKind, type[BaseModel]]]] = {
    1: (version_1.Entry, version_1.BODIES),
    NEWEST: (version_2.EntryHeader, version_2.BODIES),
}
"""By version: what every entry has, and the body of each kind."""


@cache
def published(version: int = NEWEST) -> Mapping[str, Any]:
    """The JSON Schema (2020-12) of every entry of a version that is known."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"An entry of Clearglass's log, version {version}",
        **_entries(version).json_schema(),
    }


def violation(leaf: bytes, version: int = NEWEST) -> str | None:
    """Where a leaf, which is JSON, first departs from the schema of that version, and how; None if it does not."""
    try:
        _entries(version).validate_json(leaf)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "kind"
        return f"{place}: {first['msg']}"
    return None


@cache
def _entries(version: int) -> TypeAdapter[Any]:
    """Every kind of entry, told apart by its kind."""
    common, bodies = _ENTRIES[version]
    kinds = tuple(
        create_model(  # type: ignore[call-overload]  # its stubs know of no literals made at run time
            f"{body.__name__}Entry",
            __base__=common,
            kind=Literal[kind.value],
            body=body,
        )
        for kind, body in bodies.items()
    )
    told_apart: Any = Field(discriminator="kind")
    return TypeAdapter[Any](Annotated[Union.__getitem__(kinds), told_apart])  # type: ignore[arg-type]
