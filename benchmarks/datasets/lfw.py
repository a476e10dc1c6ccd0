"""Labeled Faces in the Wild, deep-funneled: 13,233 pictures of 5,749 people, and its two views of pairs.

View 1 is for choosing (thresholds, weights), view 2 for the final number. Huang et al., University of Massachusetts,
Technical Report 07-49, 2007. News photographs of people whom nobody asked: for measurements only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import DataMissingError


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two pictures, of the same person (mated) or not. fold: 0 to 9 in view 2, 0 in view 1."""

    left: Path
    right: Path
    mated: bool
    fold: int = 0


class Lfw:
    """The data set at `<data>/lfw`; DataMissingError when it is not there."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "lfw"
        self._pictures = self._folder / "lfw-deepfunneled"
        if not self._pictures.is_dir():
            raise DataMissingError(
                "Labeled Faces in the Wild was not found in the folder of public data.",
                remedy="Set CLEARGLASS_DATA to the folder that holds lfw/lfw-deepfunneled.",
            )

    def picture(self, person: str, number: int) -> Path:
        """One picture; numbers start at 1."""
        return self._pictures / person / f"{person}_{number:04d}.jpg"

    def people(self) -> Mapping[str, tuple[Path, ...]]:
        """Everybody's pictures by name, both in order."""
        folders = sorted(folder for folder in self._pictures.iterdir() if folder.is_dir())
        return {folder.name: tuple(sorted(folder.glob("*.jpg"))) for folder in folders}

    def view1_train(self) -> tuple[Pair, ...]:
        """2,200 pairs to choose on."""
        return self._pairs("pairsDevTrain.txt")

    def view1_test(self) -> tuple[Pair, ...]:
        """1,000 pairs, of other people than `view1_train`'s, to check a choice on."""
        return self._pairs("pairsDevTest.txt")

    def view2(self) -> tuple[Pair, ...]:
        """6,000 pairs in ten folds of 300 mated and 300 non-mated: for the final number only."""
        return self._pairs("pairs.txt")

    def _pairs(self, file: str) -> tuple[Pair, ...]:
        header, *lines = (self._folder / file).read_text(encoding="utf-8").splitlines()
        size = int(header.split()[-1])
        return tuple(self._pair(line.split(), position // (2 * size)) for position, line in enumerate(lines) if line)

    def _pair(self, fields: list[str], fold: int) -> Pair:
        if len(fields) == 3:
            person, first, second = fields
            return Pair(
                left=self.picture(person, int(first)), right=self.picture(person, int(second)), mated=True, fold=fold
            )
        person, first, other, second = fields
        return Pair(
            left=self.picture(person, int(first)), right=self.picture(other, int(second)), mated=False, fold=fold
        )
