"""The actor of an entry, with the session or token that was used."""

from typing import Self


class Actor(str):
    """A string such as `user:<id>`. via: `session:<id>`, `token:<id>` or `cli`; None if there is neither.

    It is a string, so code that passes the actor's name also passes `via`, including searches that share a round. The
    log reads `via` from it when it writes the entry, so that no kind of entry can omit it.
    """

    via: str | None

    def __new__(cls, name: str, *, via: str | None = None) -> Self:
        """Returns the actor of this name."""
        made = super().__new__(cls, name)
        made.via = via
        return made
