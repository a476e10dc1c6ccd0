"""The entry by which an embedder is registered: an ONNX file, and the facts that it takes to use it.

A JSON file holds a list of them. Each is an object with name, file, sha256, licence and dimension; where people get the
file, if that is told (address); and what differs from ArcFace's of alignment, side, colours, mean and scale.
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
"""The alignment on the places that ArcFace's training had the five landmarks at, in a chip of any size."""

_ALIGNMENTS, _COLOURS = (FIVE_POINTS,), ("rgb", "bgr")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TAKEN = frozenset({"sface", "dlib", "fusion", "fold", "probe", "reference", "mated"})
"""Names of the embedders that are built in, and of the other columns of a score file."""

SMALLEST_SIDE, LARGEST_SIDE = 16, 1024
"""Of a chip, in pixels."""

LARGEST_DIMENSION = 4_096

_FORM = '[{"name": "arcface-r50", "file": "r50.onnx", "sha256": "…", "licence": "…", "dimension": 512}]'


class EmbedderEntryError(ClearglassError):
    """A list of embedders cannot be read, or an entry of it is none."""

    code: ClassVar[str] = "embedder_entry"


@dataclass(frozen=True, kw_only=True)
class EmbedderEntry:
    """One embedder, whose vectors are compared by the cosine.

    path: its ONNX file, which takes (batch, 3, side, side) float32 and gives (batch, dimension). address: where people
    get the file. sha256: of the file, in hex. licence: under which terms it may be used. alignment: how a chip of
    side × side pixels is cut. colours: rgb or bgr. A pixel goes in as (value - mean) / scale.
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
        """Raises ValueError or TypeError for facts that cannot be."""
        if _NAME.fullmatch(self.name) is None or self.name in _TAKEN:
            raise ValueError(
                f"{self.name!r} cannot be a name: take lower-case letters, digits, dots and hyphens, and none built in"
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
                f"{self.name} has the mean {self.mean!r} and the scale {self.scale!r}: numbers, no scale 0"
            )

    @property
    def digest(self) -> str:
        """Hex SHA-256 over the file's own digest and all facts that decide the vectors."""
        facts = {key: value for key, value in asdict(self).items() if key not in {"path", "address", "licence"}}
        return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def part(self, *, weight: float) -> Part:
        """Its share of a dissimilarity."""
        return Part(embedder=self.name, dimension=self.dimension, metric=Metric.COSINE, weight=weight)


def read_entries(path: Path) -> tuple[EmbedderEntry, ...]:
    """The embedders that a file registers, each model's file held against its digest. Raises EmbedderEntryError."""
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        entries = tuple(_entry(facts, path.parent) for facts in listed)
        names = [entry.name for entry in entries]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is there twice")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EmbedderEntryError(
            f"{path} cannot be read as a list of embedders: {_fault(error)}.", remedy=f"It holds {_FORM}."
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
        raise ValueError(f"the file of {entry.name} hashes to {sha256(data).hexdigest()}, not to what is registered")
    return entry


def _fault(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
