"""The score file: every comparison of a measurement with its dissimilarities, from which any rate can be recomputed.

A CSV file with the columns fold, probe, reference, mated (0 or 1), and for each recogniser its dissimilarities, with
`inf` where a face was not found. Beside it, under the same name with .json, what it was measured on and with.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from matcher.errors import ClearglassError
from matcher.recognition.fusion import read_weights

COLUMNS = ("fold", "probe", "reference", "mated")


class ScoreFileError(ClearglassError):
    """A score file, or the .json file beside it, cannot be read as one."""

    code: ClassVar[str] = "score_file"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a score file was measured on and with.

    digests: by recogniser, hex SHA-256 of its weights and steps. weights: of the fusion, by embedder. failed: samples
    in which no face was found.
    """

    dataset: str
    measured_on: str
    digests: Mapping[str, str]
    weights: Mapping[str, float]
    samples: int
    failed: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises ValueError or TypeError for a value of another kind."""
        named = (self.dataset, *self.digests.values())
        if not all(name and isinstance(name, str) for name in named):
            raise ValueError("scores tell their data set and their models")
        date.fromisoformat(self.measured_on)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """n comparisons. fold: (n,). probe, reference: n names of samples. mated: (n,). dissimilarity: (n,) float64 by
    recogniser, inf where a face was not found."""

    fold: NDArray[np.int64]
    probe: tuple[str, ...]
    reference: tuple[str, ...]
    mated: NDArray[np.bool_]
    dissimilarity: Mapping[str, NDArray[np.float64]]
    provenance: Provenance

    def of(self, recogniser: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The dissimilarities of mated and of non-mated comparisons. Raises ScoreFileError."""
        if recogniser not in self.dissimilarity:
            raise ScoreFileError(
                f"There are no scores of {recogniser!r}.", remedy=f"Choose one of: {', '.join(self.dissimilarity)}."
            )
        column = self.dissimilarity[recogniser]
        return column[self.mated], column[~self.mated]

    def write(self, path: Path) -> None:
        """Writes both files. Numbers are written so that they are read back as the very same."""
        names = tuple(self.dissimilarity)
        columns = [self.dissimilarity[name].tolist() for name in names]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*COLUMNS, *names])
            mated = self.mated.astype(int).tolist()
            writer.writerows(zip(self.fold.tolist(), self.probe, self.reference, mated, *columns, strict=True))
        beside = json.dumps(asdict(self.provenance), indent=2) + "\n"
        path.with_suffix(".json").write_text(beside, encoding="utf-8")


def read_scores(path: Path) -> Scores:
    """Reads both files. Raises ScoreFileError, which names the line."""
    try:
        document = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        read = {"failed": tuple(document["failed"]), "weights": read_weights(document)}
        document.pop("dlib_weight", None)
        provenance = Provenance(**document | read)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScoreFileError(
            f"What {path.name} was measured on and with cannot be read: {path.with_suffix('.json').name} "
            "is missing or malformed.",
            remedy="Keep both files together, as the measurement wrote them.",
        ) from error
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _scores(csv.reader(file), path.name, provenance)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScoreFileError(f"{path.name} cannot be read.", remedy="Name a file of scores.") from error


def _scores(rows: Iterator[list[str]], name: str, provenance: Provenance) -> Scores:
    header = next(rows, [])
    recognisers = header[len(COLUMNS) :]
    if tuple(header[: len(COLUMNS)]) != COLUMNS or not recognisers or set(recognisers) != set(provenance.digests):
        raise ScoreFileError(
            f"{name} does not begin with the columns of a score file and its recognisers.",
            remedy=f"The first line must be {','.join(COLUMNS)} and the recognisers that the .json file names.",
        )
    kept: list[tuple[int, str, str, bool, list[float]]] = []
    for number, row in enumerate(rows, start=2):
        try:
            fold, probe, reference, mated, *values = row
            numbers = [float(value) for value in values]
            if mated not in {"0", "1"} or len(numbers) != len(recognisers) or not all(one >= 0 for one in numbers):
                raise ValueError
            kept.append((int(fold), probe, reference, mated == "1", numbers))
        except ValueError as error:
            raise ScoreFileError(
                f"Line {number} of {name} is no comparison.",
                remedy=f"A line is a fold, two names, 0 or 1, and {len(recognisers)} dissimilarities from 0 on.",
            ) from error
    if not kept:
        raise ScoreFileError(f"{name} has no comparisons.", remedy="Measure again.")
    folds, probes, references, flags, table = zip(*kept, strict=True)
    matrix = np.array(table, np.float64)
    return Scores(
        fold=np.array(folds, np.int64),
        probe=probes,
        reference=references,
        mated=np.array(flags, bool),
        dissimilarity={one: matrix[:, place] for place, one in enumerate(recognisers)},
        provenance=provenance,
    )
