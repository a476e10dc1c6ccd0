"""Who acts, as entries name them, with the session or token they act by."""

from typing import Self


class Actor(str):
    """A string such as `user:<id>`. via: `session:<id>`, `token:<id>` or `cli`; None where there is no such thing.

    It goes wherever an actor goes as text, also into searches that are answered in a round with others'. The log reads
    `via` from it when it writes the entry, so that no kind of entry can leave it out.
    """

    via: str | None

    def __new__(cls, name: str, *, via: str | None = None) -> Self:
        """The actor of this name."""
        made = super().__new__(cls, name)
        made.via = via
        return made
