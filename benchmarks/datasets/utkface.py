"""UTKFace: pictures whose names are their labels, of unidentified people: no comparisons.

A name is `[age]_[gender]_[race]_[date and time].jpg`, with `.chip.jpg` behind it in the aligned part, in any folder
below the root. Some names of the published files lack a part: those pictures are left out and listed, for a guess
would be a false label.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from benchmarks.datasets.dataset import Description, Sample, Searches, Trial
from benchmarks.datasets.disk import existing_pictures, picture_on_disk, pictures_below

GENDERS = ("male", "female")
RACES = ("White", "Black", "Asian", "Indian", "Others")
"""In the order of their numbers in names; the words are the makers'."""

OLDEST = 116
"""The greatest age in the makers' labels."""

_NAME = re.compile(r"(\d{1,3})_([01])_([0-4])_\d+(\.jpg\.chip)?\.jpg", re.ASCII | re.IGNORECASE)

DESCRIPTION = Description(
    name="utkface",
    title="UTKFace, labels only",
    terms="For research, not for commerce; each picture belongs to its owner. Pictures from the web; nobody was asked.",
    source="Zhang, Song, Qi: Age Progression/Regression by Conditional Adversarial Autoencoder, CVPR 2017",
)


class UtkFace:
    """The pictures below one folder; DataMissingError where there are none."""

    def __init__(self, root: Path) -> None:
        self._root = existing_pictures(root, what="UTKFace's pictures")

    @property
    def description(self) -> Description:
        """Its name and terms."""
        return DESCRIPTION

    def samples(self) -> Mapping[str, Sample]:
        """Every picture with a whole name, by its path below the root; labels age (in years), gender and race."""
        return {
            name: Sample(name=name, pictures=(picture_on_disk(self._root / name, name=name),), labels=labels)
            for name, labels in self._labels.items()
            if labels
        }

    def trials(self) -> Sequence[Trial]:
        """None: people are not identified."""
        return ()

    def searches(self) -> Sequence[Searches]:
        """None."""
        return ()

    def left_out(self) -> Sequence[str]:
        """The pictures whose names lack one of the three labels."""
        return tuple(name for name, labels in self._labels.items() if not labels)

    @cached_property
    def _labels(self) -> Mapping[str, Mapping[str, str]]:
        """By picture; empty where the name is not whole."""
        return {path.relative_to(self._root).as_posix(): _labels(path.name) for path in pictures_below(self._root)}


def _labels(file: str) -> Mapping[str, str]:
    match = _NAME.fullmatch(file)
    if match is None or int(match[1]) > OLDEST:
        return {}
    return {"age": str(int(match[1])), "gender": GENDERS[int(match[2])], "race": RACES[int(match[3])]}
