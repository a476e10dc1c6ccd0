"""The path of what a command asks the API about."""

from urllib.parse import quote


def path_of(*parts: str) -> str:
    """The path with these parts. An id stays one part, whatever somebody typed for it."""
    return "".join(f"/{quote(part, safe='', errors='replace')}" for part in parts)
