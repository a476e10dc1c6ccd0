"""Balanced Faces in the Wild: eight groups of a hundred people, and a table of pairs.

    meta/bfw-<version>-datatable.csv      fold (from 1), p1, p2, label, and columns that are not looked at here;
                                          the table may lie in the root too
    face-samples/<group>/<id>/….jpg       group: asian_females and so on; or <group> in the root

The makers also give the table as a pickle of pandas: that is a program, and is not read.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.datasets.dataset import Description, Sample, Searches, Trial
from benchmarks.datasets.disk import existing_folder, picture_on_disk
from benchmarks.datasets.listing import Line, Listing
from benchmarks.datasets.trial_table import TrialTable
from benchmarks.harness.errors import DataMissingError

ETHNICITIES = frozenset({"asian", "black", "indian", "white"})
GENDERS = {"females": "female", "males": "male"}

DESCRIPTION = Description(
    name="bfw",
    title="Balanced Faces in the Wild",
    terms="Given by its makers after registration, for research and education. Pictures of VGGFace2; nobody was asked.",
    source="Robinson et al.: Face Recognition: Too Bias, or Not Too Bias?, CVPR Workshops 2020",
    counts={"pictures": 20_000, "people": 800},
)


class Bfw:
    """The set in one folder; DataMissingError where its one table is not there."""

    def __init__(self, root: Path) -> None:
        existing_folder(root, what="Balanced Faces in the Wild")
        tables = sorted(path for folder in (root, root / "meta") for path in folder.glob("bfw*datatable.csv"))
        if len(tables) != 1:
            raise DataMissingError(
                f"There are {len(tables)} tables of pairs in {root}, where one is expected.",
                remedy="Put one bfw-<version>-datatable.csv there or in its folder meta.",
            )
        self._table = tables[0]
        self._pictures = root / "face-samples" if (root / "face-samples").is_dir() else root

    @property
    def description(self) -> Description:
        """Its name, terms and what a complete copy has."""
        return DESCRIPTION

    def samples(self) -> Mapping[str, Sample]:
        """Every picture that the table names, by its path there, labelled by its group. Raises DatasetError."""
        return self._read[0]

    def trials(self) -> Sequence[Trial]:
        """The table's rows: a `TrialTable`. Raises DatasetError."""
        return self._read[1]

    def searches(self) -> Sequence[Searches]:
        """None: BFW has no such protocol."""
        return ()

    @cached_property
    def _read(self) -> tuple[Mapping[str, Sample], TrialTable]:
        samples: dict[str, Sample] = {}
        places: dict[str, int] = {}
        rows: list[tuple[int, int, bool, int]] = []
        for line, row in Listing(self._table, what="BFW's table of pairs").rows("fold", "p1", "p2", "label"):
            first, second = row["p1"], row["p2"]
            for name in (first, second):
                if name not in samples:
                    samples[name] = self._sample(line, name)
                    places[name] = len(places)
            mated = line.truth(row["label"])
            if mated != (samples[first].subject == samples[second].subject):
                raise line.wrong("the label and the people in the two paths disagree")
            rows.append((places[first], places[second], mated, _fold(line, row["fold"])))
        columns = np.array(rows, np.int32).reshape(-1, 4).T
        probes, references, labels, folds = columns
        return samples, TrialTable(tuple(samples), probes=probes, references=references, mated=labels, folds=folds)

    def _sample(self, line: Line, name: str) -> Sample:
        path = line.below(self._pictures, name)
        parts = name.split("/")
        ethnicity, _, sex = parts[0].partition("_")
        if len(parts) != 3 or ethnicity not in ETHNICITIES or sex not in GENDERS:
            raise line.wrong(f"{name[:80]!r} is no group/person/picture")
        labels = {"ethnicity": ethnicity, "gender": GENDERS[sex]}
        return Sample(name=name, pictures=(picture_on_disk(path, name=name),), subject=parts[1], labels=labels)


def _fold(line: Line, field: str) -> int:
    fold = line.whole(field, least=1) - 1
    if fold >= 100:
        raise line.wrong(f"{field} is no fold")
    return fold
