"""Racial Faces in the Wild: four parts, each with LFW's protocol.

    data/<Race>/<id>/<id>_000N.jpg       Race: African, Asian, Caucasian, Indian
    txts/<Race>/<Race>_pairs.txt         LFW's pairs without a first line, tab separated: ten folds of 600

The words for groups are its makers', who took them from nationalities and from a classifier.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from benchmarks.datasets import pair_list
from benchmarks.datasets.dataset import Description, Sample, Searches, Trial
from benchmarks.datasets.disk import existing_file, existing_folder, folders_in, picture_on_disk, pictures_in

RACES = ("African", "Asian", "Caucasian", "Indian")

DESCRIPTION = Description(
    name="rfw",
    title="Racial Faces in the Wild",
    terms="Given by its makers on request, for research, not for commerce. Pictures from the web; nobody was asked.",
    source="Wang et al.: Racial Faces in the Wild, ICCV 2019",
    counts={"trials": 24_000},
)


class Rfw:
    """The set in one folder, all four parts of it; DataMissingError where one is not there."""

    def __init__(self, root: Path) -> None:
        self._data, self._lists = root / "data", root / "txts"
        for race in RACES:
            existing_folder(self._data / race, what=f"RFW's test pictures data/{race}/<id>/<id>_000N.jpg")
            existing_file(self._pairs(race), what=f"RFW's txts/{race}/{race}_pairs.txt")

    @property
    def description(self) -> Description:
        """Its name, terms and what a complete copy has."""
        return DESCRIPTION

    def samples(self) -> Mapping[str, Sample]:
        """Every picture, by `<Race>/<id>/<id>_000N`, labelled with its race."""
        return self._samples

    def trials(self) -> Sequence[Trial]:
        """All parts, one after the other, each in folds 0 to 9. Raises DataMissingError and DatasetError."""
        return tuple(trial for race in RACES for trial in self._trials(race))

    def searches(self) -> Sequence[Searches]:
        """None: RFW has no such protocol."""
        return ()

    def _pairs(self, race: str) -> Path:
        return self._lists / race / f"{race}_pairs.txt"

    def _trials(self, race: str) -> tuple[Trial, ...]:
        def name(person: str, number: int) -> str:
            return f"{race}/{person}/{person}_{number:04d}"

        return tuple(pair_list.trials(pair_list.read_pairs(self._pairs(race)), self._samples, name))

    @cached_property
    def _samples(self) -> Mapping[str, Sample]:
        return {
            sample.name: sample
            for race in RACES
            for person in folders_in(self._data / race)
            for sample in (_sample(race, path) for path in pictures_in(person))
        }


def _sample(race: str, path: Path) -> Sample:
    person = path.parent.name
    name = f"{race}/{person}/{path.stem}"
    return Sample(name=name, pictures=(picture_on_disk(path, name=name),), subject=person, labels={"race": race})
