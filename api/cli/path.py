"""Paths of the API from a command's arguments."""

from urllib.parse import quote

import typer


def path_of(*parts: str) -> str:
    """The path with these parts. Raises: BadParameter for an id that would change the path."""
    for part in parts:
        if not part.strip(".") or "/" in part:
            raise typer.BadParameter(f"{part!r} is no id")
    return "".join(f"/{quote(part, safe='', errors='replace')}" for part in parts)
