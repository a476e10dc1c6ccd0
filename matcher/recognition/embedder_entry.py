"""The entry that registers an embedder: an ONNX file, and the facts that are needed to run it.

A JSON file holds a list of entries. Each is an object with name, file, sha256, licence and dimension; optionally the
address from which people get the file; and any of alignment, side, colours, mean and scale that differ from ArcFace's.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from matcher.errors import ClearglassError
from matcher.recognition.fusion import Metric, Part

FIVE_POINTS = "five-points"
"""Aligns the five landmarks to the positions used in ArcFace's training, scaled to the chip's size."""

_ALIGNMENTS, _COLOURS = (FIVE_POINTS,), ("rgb", "bgr")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_RESERVED_NAMES = frozenset({"sface", "dlib", "fusion", "fold", "probe", "reference", "mated"})
"""The names of the built-in embedders and of the other columns of a score file."""

SMALLEST_SIDE, LARGEST_SIDE = 16, 1024
"""The smallest and largest side of a chip, in pixels."""

LARGEST_DIMENSION = 4_096

_EXAMPLE = '[{"name": "arcface-r50", "file": "r50.onnx", "sha256": "…", "licence": "…", "dimension": 512}]'


class EmbedderEntryError(ClearglassError):
    """A list of embedders cannot be read, or one of its entries is invalid."""

    code: ClassVar[str] = "embedder_entry"


@dataclass(frozen=True, kw_only=True)
class EmbedderEntry:
    """One embedder, whose vectors are compared by the cosine.

    path: its ONNX file, which takes (batch, 3, side, side) float32 and gives (batch, dimension). address: where people
    get the file. sha256: the file's SHA-256, in hex. licence: the terms of its use. alignment: how a chip of
    side × side pixels is cut. colours: rgb or bgr. The network's input for a pixel is (value - mean) / scale.
    """

    name: str
    path: Path
    sha256: str
    licence: str
    dimension: int
    address: str | None = None
    alignment: str = FIVE_POINTS
    side: int = 112
    colours: str = "rgb"
    mean: float = 127.5
    scale: float = 127.5

    def __post_init__(self) -> None:
        """Raises ValueError or TypeError for invalid values."""
        if _NAME.fullmatch(self.name) is None or self.name in _RESERVED_NAMES:
            raise ValueError(
                f"{self.name!r} is not a valid name: use lower-case letters, digits, dots and hyphens, and no "
                "reserved name"
            )
        if _DIGEST.fullmatch(self.sha256) is None or not self.licence:
            raise ValueError(f"{self.name} has no hex SHA-256, or no licence")
        if self.alignment not in _ALIGNMENTS or self.colours not in _COLOURS:
            raise ValueError(
                f"{self.name} has the alignment {self.alignment!r} and the colours {self.colours!r}: the alignment is "
                f"{FIVE_POINTS}, and the colours are {' or '.join(_COLOURS)}"
            )
        if not (SMALLEST_SIDE <= self.side <= LARGEST_SIDE and 1 <= self.dimension <= LARGEST_DIMENSION):
            raise ValueError(
                f"{self.name} has a side of {self.side} pixels and the dimension {self.dimension}: a side has "
                f"{SMALLEST_SIDE} to {LARGEST_SIDE:,} pixels, a dimension is at most {LARGEST_DIMENSION:,}"
            )
        if (
            not all(isinstance(one, int | float) and math.isfinite(one) for one in (self.mean, self.scale))
            or not self.scale
        ):
            raise ValueError(
                f"{self.name} has the mean {self.mean!r} and the scale {self.scale!r}: mean and scale must be "
                "finite numbers, and the scale must not be 0"
            )

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the file's digest and all other facts that determine the vectors."""
        facts = {key: value for key, value in asdict(self).items() if key not in {"path", "address", "licence"}}
        return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def part(self, *, weight: float) -> Part:
        """This embedder as a weighted part of a fusion."""
        return Part(embedder=self.name, dimension=self.dimension, metric=Metric.COSINE, weight=weight)


def read_entries(path: Path) -> tuple[EmbedderEntry, ...]:
    """Returns the embedders that a file registers, after checking each model file against its digest.

    Raises EmbedderEntryError.
    """
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        entries = tuple(_entry(facts, path.parent) for facts in listed)
        names = [entry.name for entry in entries]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the list names {twice} twice")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EmbedderEntryError(
            f"{path} cannot be read as a list of embedders: {_fault(error)}.",
            remedy=f"The file must contain a list such as {_EXAMPLE}.",
        ) from error
    return entries


def _entry(facts: Mapping[str, Any], folder: Path) -> EmbedderEntry:
    others = {key: value for key, value in facts.items() if key != "file"}
    entry = EmbedderEntry(path=folder / facts["file"], **others)
    try:
        data = entry.path.read_bytes()
    except FileNotFoundError as error:
        where = f": get it from {entry.address}" if entry.address else ""
        raise ValueError(f"the file of {entry.name}, {entry.path}, is not there{where}") from error
    if sha256(data).hexdigest() != entry.sha256:
        raise ValueError(f"the file of {entry.name} has the SHA-256 {sha256(data).hexdigest()}, not the registered one")
    return entry


def _fault(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
