"""What a log publishes, after C2SP tlog-tiles: a checkpoint, and the tiles and bundles of a log of its size."""

from typing import Protocol

from matcher.tlog.tile import Tile


class Publication(Protocol):
    """A log as those see it who read it from outside. Nothing it says is to be believed unchecked."""

    def checkpoint(self) -> str:
        """The newest one, a signed note. Raises LogError."""
        ...

    def read(self, tile: Tile) -> bytes:
        """A tile's hashes, or a bundle's entries, as they are served. Raises TileUnknownError."""
        ...
