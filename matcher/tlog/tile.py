"""Tiles: how C2SP tlog-tiles cuts a log into files that never change once they are full."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

HEIGHT = 8
"""The height of the subtree that a full tile spans."""

WIDTH = 1 << HEIGHT
"""The number of hashes of a full tile, and of entries of a full bundle."""

MAX_LEVEL = 63
_MAX_NUMBER = 2**53
_FORM = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """level: 0 holds the leaf hashes, each further one the roots of full tiles below; None is a bundle of entries.

    number: its position among the tiles of its level. width: its number of hashes or entries, WIDTH when it is full.
    """

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def begin(self) -> int:
        """The position of its first hash or entry in its level."""
        return self.number * WIDTH

    @property
    def end(self) -> int:
        """The position after its last one."""
        return self.begin + self.width

    @property
    def path(self) -> str:
        """Its path below the log's address: tile/<level>/<number>[.p/<width>]."""
        digits = str(self.number)
        groups = [digits.zfill(-(-len(digits) // 3) * 3)[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{number}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @classmethod
    def parse(cls, path: str) -> Self:
        """The tile with that path. Raises ValueError for any other text."""
        match = _FORM.fullmatch(path)
        if match is not None:
            level, number, width = match.groups()
            tile = cls(
                level=None if level == "entries" else int(level),
                number=int(number.replace("/", "").replace("x", "")),
                width=WIDTH if width is None else int(width),
            )
            allowed = tile.number < _MAX_NUMBER and 0 < tile.width <= WIDTH and (tile.level or 0) <= MAX_LEVEL
            if allowed and tile.path == path:
                return tile
        raise ValueError(f"no tile's path: {path!r}")


def tiles(size: int, *, after: int = 0) -> Iterator[Tile]:
    """The tiles and bundles of a log of this size, each tile after those that it is computed from. after: leaves out
    the full tiles that a log of that earlier size already had.
    """
    yield from _row(None, size, after)
    level = 0
    while size:
        yield from _row(level, size, after)
        level, size, after = level + 1, size // WIDTH, after // WIDTH


def _row(level: int | None, count: int, after: int) -> Iterator[Tile]:
    for number in range(after // WIDTH, -(-count // WIDTH)):
        yield Tile(level=level, number=number, width=min(WIDTH, count - number * WIDTH))
