"""The groups that subjects declared, as a file beside a log's export: each is checked against its commitment in the
log."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from matcher.errors import ClearglassError
from matcher.people.declaration import Attributes, Declaration
from matcher.people.errors import DeclarationInvalidError

_VERSION = 1
Groups = Mapping[str, Attributes]
"""The declared attributes, by subject."""


class GroupsError(ClearglassError):
    """A file of declared groups cannot be read, or differs from the log."""

    code: ClassVar[str] = "groups_invalid"


def pack_groups(declarations: Iterable[Declaration]) -> str:
    """The file's text."""
    return json.dumps({"version": _VERSION, "groups": [one.record for one in declarations]}, indent=1) + "\n"


def read_groups(path: Path) -> list[Declaration]:
    """Parses such a file; nothing is checked against the log. Raises GroupsError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict) or value.get("version") != _VERSION or not isinstance(value.get("groups"), list):
            raise ValueError("it has another form")
        return [Declaration.of_record(record) for record in value["groups"]]
    except (OSError, ValueError, DeclarationInvalidError) as error:
        raise GroupsError(
            f"{path} is no file of declared groups: {error}", remedy="Make it by `clearglass audit groups`."
        ) from error


def known_groups(declarations: Iterable[Declaration], commitments: Mapping[str, str]) -> Groups:
    """The declared attributes, by subject, of those declarations that the log commits to: a service's own may be newer
    than its log. commitments: by subject, those in force at the end of the log.
    """
    return {one.subject_id: one.attributes for one in declarations if commitments.get(one.subject_id) == one.commitment}


def checked_groups(declarations: Sequence[Declaration], commitments: Mapping[str, str]) -> Groups:
    """The same for a file; a declaration that was taken back is left out. Raises GroupsError where file and log
    differ."""
    held = [one for one in declarations if one.subject_id in commitments]
    for one in held:
        if commitments[one.subject_id] != one.commitment:
            raise GroupsError(
                f"What subject {one.subject_id} has declared differs from the log.",
                remedy="Export log and groups again; if it stays so, the file was changed by hand.",
            )
    return known_groups(held, commitments)
