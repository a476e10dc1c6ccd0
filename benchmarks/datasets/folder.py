"""A user's own pictures: a folder for each person, and optional labels.

    <person>/<picture>.jpg or .png
    labels.csv            optional. Its first column is a person or a person/picture, each other one an attribute;
                          an empty field is no label. A picture's label takes precedence over its person's.

There is no protocol, so pairs are drawn: up to `pairs_a_person` mated pairs of each person, and the same number of
non-mated pairs of any two people; the same pictures and seed give the same pairs.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.datasets.all_pairs import pair_at, pair_count
from benchmarks.datasets.dataset import Description, Sample, Searches, Trial
from benchmarks.datasets.disk import existing_folder, folders_in, picture_on_disk, pictures_in
from benchmarks.datasets.listing import Listing
from benchmarks.harness.errors import DataMissingError

LABELS = "labels.csv"

DESCRIPTION = Description(
    name="folder",
    title="A folder for each person",
    terms="Whatever the people on the pictures agreed to.",
    source="The keeper of the folder",
)


class Folder:
    """The set in one folder; DataMissingError where nobody is in it.

    pairs_a_person: the most mated trials of one person. seed: of what is drawn.
    """

    def __init__(self, root: Path, *, pairs_a_person: int = 50, seed: int = 0) -> None:
        self._root = existing_folder(root, what="a folder for each person")
        if not any(pictures_in(person) for person in folders_in(root)):
            raise DataMissingError(
                f"There is nobody in {root}.", remedy="Put a folder for each person there, with JPEGs or PNGs in it."
            )
        self._pairs_a_person, self._seed = pairs_a_person, seed

    @property
    def description(self) -> Description:
        """Its name."""
        return DESCRIPTION

    def samples(self) -> Mapping[str, Sample]:
        """Every picture, by `<person>/<picture>.jpg`. Raises DatasetError."""
        return self._samples

    def trials(self) -> Sequence[Trial]:
        """Mated ones first, both drawn; in one fold. Raises DatasetError."""
        return self._trials

    def searches(self) -> Sequence[Searches]:
        """None: the caller chooses the gallery."""
        return ()

    @cached_property
    def _samples(self) -> Mapping[str, Sample]:
        pictures = {
            f"{person.name}/{path.name}": path for person in folders_in(self._root) for path in pictures_in(person)
        }
        labels = self._labels(pictures)
        return {
            name: Sample(
                name=name,
                pictures=(picture_on_disk(path, name=name),),
                subject=path.parent.name,
                labels={**labels.get(path.parent.name, {}), **labels.get(name, {})},
            )
            for name, path in pictures.items()
        }

    def _labels(self, pictures: Mapping[str, Path]) -> Mapping[str, Mapping[str, str]]:
        path = self._root / LABELS
        labels: dict[str, Mapping[str, str]] = {}
        if not path.is_file():
            return labels
        known = {*pictures, *(picture.parent.name for picture in pictures.values())}
        for line, row in Listing(path, what="labels").rows():
            whom, *values = row.values()
            if whom not in known:
                raise line.wrong(f"there is no person and no picture {whom[:80]!r}")
            if whom in labels:
                raise line.wrong(f"{whom[:80]!r} a second time")
            labels[whom] = {key: value for key, value in zip(list(row)[1:], values, strict=True) if value}
        return labels

    @cached_property
    def _trials(self) -> tuple[Trial, ...]:
        names = tuple(self._samples)
        subjects = [sample.subject for sample in self._samples.values()]
        random = np.random.default_rng(self._seed)
        mated = [pair for own in _positions(subjects) for pair in self._mated(own, random)]
        strangers = _strangers(subjects, len(mated), random)
        return tuple(
            Trial(probe=names[probe], reference=names[reference], mated=same)
            for same, pairs in ((True, mated), (False, strangers))
            for probe, reference in pairs
        )

    def _mated(self, own: Sequence[int], random: np.random.Generator) -> Iterator[tuple[int, int]]:
        count = pair_count(len(own))
        chosen = sorted(random.choice(count, min(count, self._pairs_a_person), replace=False)) if count else ()
        for position in chosen:
            probe, reference = pair_at(int(position))
            yield own[probe], own[reference]


def _positions(subjects: Sequence[str | None]) -> Sequence[Sequence[int]]:
    """The positions of each subject's pictures."""
    positions: dict[str | None, list[int]] = {}
    for position, subject in enumerate(subjects):
        positions.setdefault(subject, []).append(position)
    return tuple(positions.values())


def _strangers(subjects: Sequence[str | None], wanted: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """This number of different pairs of two people, or all if there are fewer."""
    total = pair_count(len(subjects))
    possible = total - sum(pair_count(len(own)) for own in _positions(subjects))
    drawn: dict[tuple[int, int], None] = {}
    while len(drawn) < min(wanted, possible):
        for position in random.integers(total, size=wanted):
            first, second = pair_at(int(position))
            if subjects[first] != subjects[second] and len(drawn) < wanted:
                drawn[first, second] = None
    return list(drawn)
