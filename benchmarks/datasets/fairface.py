"""FairFace: pictures labelled by age, gender and race, of unidentified people: for rates of detection and quality by
group, and no comparisons.

    fairface_label_train.csv, fairface_label_val.csv      file,age,gender,race,… where file is train/1.jpg
    train/1.jpg, val/1.jpg, …

One of the two lists is enough. The paper counts 108,501 pictures; what was published are the 86,744 and 10,954 of
its training and validation parts.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from benchmarks.datasets.dataset import Description, Sample, Searches, Trial
from benchmarks.datasets.disk import existing_folder, picture_on_disk
from benchmarks.datasets.listing import Line, Listing
from benchmarks.harness.errors import DataMissingError

LISTS = ("fairface_label_train.csv", "fairface_label_val.csv")

DESCRIPTION = Description(
    name="fairface",
    title="FairFace, labels only",
    terms="CC BY 4.0. Photographs of YFCC-100M; those on them were not asked.",
    source="Kärkkäinen, Joo: FairFace, WACV 2021",
    counts={"pictures": 97_698},
)


class FairFace:
    """The set in one folder; DataMissingError where neither list is there."""

    def __init__(self, root: Path) -> None:
        self._root = existing_folder(root, what="FairFace")
        self._lists = [root / name for name in LISTS if (root / name).is_file()]
        if not self._lists:
            raise DataMissingError(
                f"There is no list of labels in {root}.",
                remedy=f"Put {' and '.join(LISTS)} there, beside train and val.",
            )

    @property
    def description(self) -> Description:
        """Its name, terms and what a complete copy has."""
        return DESCRIPTION

    def samples(self) -> Mapping[str, Sample]:
        """Every picture that a list names, by `train/1.jpg`; labels as in the list, in lower case for gender.

        Raises DatasetError.
        """
        return self._samples

    def trials(self) -> Sequence[Trial]:
        """None: people are not identified."""
        return ()

    def searches(self) -> Sequence[Searches]:
        """None."""
        return ()

    @cached_property
    def _samples(self) -> Mapping[str, Sample]:
        samples: dict[str, Sample] = {}
        for path in self._lists:
            for line, row in Listing(path, what="FairFace's labels").rows("file", "age", "gender", "race"):
                if row["file"] in samples:
                    raise line.wrong(f"{row['file']} a second time")
                samples[row["file"]] = self._sample(line, row)
        return samples

    def _sample(self, line: Line, row: Mapping[str, str]) -> Sample:
        name = row["file"]
        picture = picture_on_disk(line.below(self._root, name), name=name)
        labels = {"age": row["age"], "gender": row["gender"].lower(), "race": row["race"]}
        if empty := [attribute for attribute, value in labels.items() if not value]:
            raise line.wrong(f"no {', '.join(empty)}")
        return Sample(name=name, pictures=(picture,), labels=labels)
