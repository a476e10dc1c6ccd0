"""What a log publishes, after C2SP tlog-tiles: a checkpoint, and the tiles and bundles of a log of its size."""

from typing import Protocol

from matcher.tlog.tile import Tile


class Publication(Protocol):
    """A log as readers from outside see it. A caller must check whatever it returns."""

    def checkpoint(self) -> str:
        """The newest checkpoint, a signed note. Raises LogError."""
        ...

    def read(self, tile: Tile) -> bytes:
        """A tile's hashes, or a bundle's entries, as they are served. Raises TileUnknownError."""
        ...
