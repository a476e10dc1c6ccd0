"""Labeled Faces in the Wild, deep-funneled: 13,233 pictures of 5,749 people, and its two views of pairs.

View 1 is for choosing (thresholds, weights), view 2 for the final number. Huang et al., University of Massachusetts,
Technical Report 07-49, 2007. News photographs of people who were not asked: for measurements only.

Gender is not LFW's own: `male_names.txt` and `female_names.txt`, a picture's name a line with or without `.jpg`, are
from Afifi and Abdelhamed, "AFIF4", 2019. Five pictures are in both and four in neither; those get no label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from benchmarks.datasets import pair_list
from benchmarks.datasets.dataset import Description, Sample, Searches, Trial
from benchmarks.datasets.disk import folders_in, picture_on_disk
from benchmarks.datasets.listing import Listing
from benchmarks.harness.errors import DataMissingError

DESCRIPTION = Description(
    name="lfw",
    title="Labeled Faces in the Wild, deep-funneled, view 2",
    terms="For measurements only. News photographs; nobody was asked. Its makers: too small for conclusions about "
    "groups, and no proof that a product is fit for use.",
    source="Huang, Ramesh, Berg, Learned-Miller: University of Massachusetts, Technical Report 07-49, 2007",
    counts={"pictures": 13_233, "people": 5_749, "mated": 3_000, "non-mated": 3_000},
    sha256={
        "pairs.txt": "ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592",
        "pairsDevTrain.txt": "1d454dada7dfeca0e7eab6f65dc4e97a6312d44cf142207be28d688be92aabfa",
        "pairsDevTest.txt": "7cb06600ea8b2814ac26e946201cdb304296262aad67d046a16a7ec85d0ff87c",
        "male_names.txt": "2abf7a487ff94869a125cb03c71431139fb64f5aac5cb33f061bb95516f92db3",
        "female_names.txt": "4e70a3d901e2ebe6a93b2e706376020c4d50e4ea972868061fd79fd1076b0465",
    },
)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two pictures, of the same person (mated) or not. fold: 0 to 9 in view 2, 0 in view 1."""

    left: Path
    right: Path
    mated: bool
    fold: int = 0


def person_of(name: str) -> str:
    """The person on the sample with that name."""
    return name.partition("/")[0]


class Lfw:
    """The data set at `<data>/lfw`, or in another folder of `data`; DataMissingError when it is not there."""

    def __init__(self, data: Path, *, folder: str = "lfw") -> None:
        self._folder = data / folder
        self._pictures = self._folder / "lfw-deepfunneled"
        if not self._pictures.is_dir():
            raise DataMissingError(
                f"Labeled Faces in the Wild was not found: there is no folder {self._pictures}.",
                remedy="Unpack it there, or set CLEARGLASS_DATA to the folder that holds lfw/lfw-deepfunneled.",
            )

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The data set in this very folder."""
        whole = folder.absolute()
        return cls(whole.parent, folder=whole.name)

    @property
    def description(self) -> Description:
        """Its name, terms, counts and checksums."""
        return DESCRIPTION

    def samples(self) -> Mapping[str, Sample]:
        """Every picture, by `Person_Name/Person_Name_0001`."""
        return self._samples

    def trials(self) -> Sequence[Trial]:
        """View 2, in its ten folds. Raises DataMissingError and DatasetError."""
        pairs = pair_list.read_pairs(self._folder / "pairs.txt")
        return tuple(pair_list.trials(pairs, self._samples, lambda person, number: f"{person}/{person}_{number:04d}"))

    def searches(self) -> Sequence[Searches]:
        """None: LFW has no such protocol."""
        return ()

    def picture(self, person: str, number: int) -> Path:
        """One picture; numbers start at 1."""
        return self._pictures / person / f"{person}_{number:04d}.jpg"

    def people(self) -> Mapping[str, tuple[Path, ...]]:
        """All pictures by person's name, both in order."""
        return {folder.name: tuple(sorted(folder.glob("*.jpg"))) for folder in folders_in(self._pictures)}

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
        return tuple(
            Pair(left=self.picture(*pair.left), right=self.picture(*pair.right), mated=pair.mated, fold=pair.fold)
            for pair in pair_list.read_pairs(self._folder / file)
        )

    @cached_property
    def _samples(self) -> Mapping[str, Sample]:
        men, women = self._names("male_names.txt"), self._names("female_names.txt")
        genders = dict.fromkeys(men - women, "male") | dict.fromkeys(women - men, "female")
        return {
            sample.name: sample
            for person, paths in self.people().items()
            for sample in (self._sample(person, path, genders.get(path.stem)) for path in paths)
        }

    def _sample(self, person: str, path: Path, gender: str | None) -> Sample:
        name = f"{person}/{path.stem}"
        labels = {} if gender is None else {"gender": gender}
        return Sample(name=name, pictures=(picture_on_disk(path, name=name),), subject=person, labels=labels)

    def _names(self, file: str) -> frozenset[str]:
        path = self._folder / file
        if not path.is_file():
            return frozenset()
        return frozenset(line.text.strip().removesuffix(".jpg") for line in Listing(path, what="names").lines())
