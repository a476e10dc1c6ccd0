"""Every sample against every other: the dissimilarities on disk, and their pairs. They have the condensed form of
`scipy.spatial.distance.pdist`: for samples i < j, row by row, one float32 each, in a .npy file for each recogniser.
`samples.json` beside them has each sample's name, person and labels, in order.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.comparator import Comparator
from benchmarks.accuracy.templates import Templates
from benchmarks.harness.benchmark import Progress

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

_BLOCK = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class PairMatrix:
    """n samples. names: of the samples. person: (n,) the number of each sample's person, from 0. folder: of the
    files."""

    names: tuple[str, ...]
    person: Whole
    folder: Path

    @classmethod
    def write(
        cls,
        folder: Path,
        templates: Templates,
        people: Sequence[str],
        columns: Sequence[Comparator],
        progress: Progress,
        labels: Mapping[str, Sequence[str]] | None = None,
    ) -> "PairMatrix":
        """Compares all pairs. people: the person on each sample. labels: of each sample, by attribute."""
        folder.mkdir(parents=True, exist_ok=True)
        numbers = {name: place for place, name in enumerate(sorted(set(people)))}
        matrix = cls(names=templates.names, person=np.array([numbers[one] for one in people], np.int64), folder=folder)
        document = {"samples": templates.names, "people": list(people), **(labels or {})}
        (folder / "samples.json").write_text(json.dumps(document) + "\n", encoding="utf-8")
        everything = np.arange(len(people))
        with progress.step("comparing", total=len(columns) * len(people)) as advance:
            for column in columns:
                apart = np.lib.format.open_memmap(
                    matrix.path(column.name), mode="w+", dtype=np.float32, shape=(int(matrix.begins[-1]),)
                )
                for begin in range(0, len(people), _BLOCK):
                    rows = everything[begin : begin + _BLOCK]
                    against = column.against(templates, rows, everything[begin:])
                    for place, row in enumerate(rows):
                        apart[matrix.begins[row] : matrix.begins[row + 1]] = against[place, place + 1 :]
                    advance(len(rows))
                apart.flush()
        return matrix

    def path(self, recogniser: str) -> Path:
        """The file of one recogniser."""
        return self.folder / f"{recogniser}.npy"

    def read(self, recogniser: str) -> Floats:
        """(n (n - 1) / 2,) dissimilarities, inf where a face was not found."""
        apart: Floats = np.load(self.path(recogniser))
        return apart

    @cached_property
    def begins(self) -> Whole:
        """(n + 1,) the beginning of each sample's row, and the end of the last row."""
        return np.concatenate([[0], np.cumsum(np.arange(len(self.person) - 1, -1, -1))]).astype(np.int64)

    @cached_property
    def mated(self) -> Whole:
        """The positions of mated pairs."""
        return np.array(sorted(self._mated_places()), np.int64)

    def non_mated(self, recogniser: str) -> Floats:
        """The dissimilarities of all pairs of different people."""
        return np.delete(self.read(recogniser), self.mated)

    def pairs(self, places: Whole) -> tuple[Whole, Whole]:
        """The two samples of the pairs at these positions."""
        one = np.searchsorted(self.begins, places, side="right") - 1
        return one, places - self.begins[one] + one + 1

    def closest(self, recogniser: str, threshold: float) -> tuple[Whole, Whole]:
        """The non-mated pairs at the threshold or closer."""
        one, other = self.pairs(np.flatnonzero(self.read(recogniser) <= np.float32(threshold)))
        apart = self.person[one] != self.person[other]
        return one[apart], other[apart]

    def _mated_places(self) -> Iterator[int]:
        order = np.argsort(self.person, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(self.person[order])) + 1):
            for place, row in enumerate(rows.tolist()):
                yield from (int(self.begins[row]) + other - row - 1 for other in rows[place + 1 :].tolist())
