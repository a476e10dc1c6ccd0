"""DemogPairs: six groups of a hundred people with eighteen pictures each, every picture against every other.

Copies are laid out in more than one way. Read are

    <Group>/<person>/<picture>           Group: Asian_Females, Asian_Males, Black_…, White_…

or, where there is a folder Metadata, the lists in it and the pictures that they name:

    Metadata/<Group>.txt                 a picture a line, whose last field is person/picture; a line without a slash
                                         is a header
    DemogPairs/<person>/<picture>
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from benchmarks.datasets.all_pairs import AllPairs
from benchmarks.datasets.dataset import Description, Sample, Searches, Trial
from benchmarks.datasets.disk import existing_file, existing_folder, folders_in, picture_on_disk, pictures_in
from benchmarks.datasets.listing import Listing
from benchmarks.harness.errors import DatasetError

GROUPS = tuple(f"{ethnicity}_{sex}" for ethnicity in ("Asian", "Black", "White") for sex in ("Females", "Males"))

DESCRIPTION = Description(
    name="demogpairs",
    title="DemogPairs",
    terms="Ask its makers. Its pictures are of CWF, VGGFace and VGGFace2, for research; nobody was asked.",
    source="Hupont, Fernández: DemogPairs, FG 2019",
    counts={"pictures": 10_800, "people": 600},
)


class DemogPairs:
    """The set in one folder; DataMissingError where one of its six groups is not there."""

    def __init__(self, root: Path) -> None:
        self._root = existing_folder(root, what="DemogPairs")
        self._lists = root / "Metadata"
        for group in GROUPS:
            if self._lists.is_dir():
                existing_file(self._lists / f"{group}.txt", what="that group's list of DemogPairs")
            else:
                existing_folder(root / group, what="that group's folders of people, or a folder Metadata beside it,")

    @property
    def description(self) -> Description:
        """Its name, terms and what a complete copy has."""
        return DESCRIPTION

    def samples(self) -> Mapping[str, Sample]:
        """Every picture, by `<Group>/<person>/<picture>`, labelled by its group. Raises DatasetError."""
        return self._samples

    def trials(self) -> Sequence[Trial]:
        """Every picture against every other: 58 million of a complete copy, made as they are looked at."""
        return AllPairs(tuple(self._samples.values()))

    def searches(self) -> Sequence[Searches]:
        """None: DemogPairs has no such protocol."""
        return ()

    @cached_property
    def _samples(self) -> Mapping[str, Sample]:
        samples: dict[str, Sample] = {}
        for group in GROUPS:
            for path in self._listed(group) if self._lists.is_dir() else self._found(group):
                sample = _sample(group, path)
                if sample.name in samples:
                    raise DatasetError(
                        f"DemogPairs names the picture {sample.name} twice.", remedy="Look at the lists in Metadata."
                    )
                samples[sample.name] = sample
        return samples

    def _found(self, group: str) -> Iterator[Path]:
        return (path for person in folders_in(self._root / group) for path in pictures_in(person))

    def _listed(self, group: str) -> Iterator[Path]:
        for line in Listing(self._lists / f"{group}.txt", what="the group's list").lines():
            name = line.text.split()[-1]
            if "/" not in name and line.number == 1:
                continue
            if name.count("/") != 1:
                raise line.wrong(f"{name[:80]!r} is no person/picture")
            yield line.below(self._root / "DemogPairs", name)


def _sample(group: str, path: Path) -> Sample:
    person = path.parent.name
    name = f"{group}/{person}/{path.name}"
    ethnicity, _, sex = group.partition("_")
    labels = {"ethnicity": ethnicity.lower(), "gender": {"Females": "female", "Males": "male"}[sex]}
    return Sample(name=name, pictures=(picture_on_disk(path, name=name),), subject=person, labels=labels)
