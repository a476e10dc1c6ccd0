"""Distractors as in MegaFace: pictures of people whom no probe shows, which make a gallery larger.

A tree of folders with pictures, of any depth. Where a file `list.json` lies in the root, in the form of MegaFace's own
lists `{"path": ["…/….jpg", …]}`, only the pictures that it names are used, in its order.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from benchmarks.datasets.dataset import Description, Sample, Searches, Trial
from benchmarks.datasets.disk import existing_pictures, picture_on_disk, pictures_below, within
from benchmarks.harness.errors import DatasetError

LIST = "list.json"

DESCRIPTION = Description(
    name="megaface",
    title="Distractors, as of MegaFace",
    terms="Of MegaFace: for research, not for commerce; private photographs from the web, nobody was asked, and its "
    "makers no longer give it out. Of another tree: what those in it agreed to.",
    source="Kemelmacher-Shlizerman et al.: The MegaFace Benchmark, CVPR 2016",
)


class Distractors:
    """The pictures below one folder; DataMissingError where there are none.

    No sample has a subject, so there are no mated pairs and no trials.
    """

    def __init__(self, root: Path) -> None:
        self._root = existing_pictures(root, what="a tree of pictures")

    @property
    def description(self) -> Description:
        """Its name and terms."""
        return DESCRIPTION

    def samples(self) -> Mapping[str, Sample]:
        """Every picture, by its path below the root. Raises DatasetError."""
        return self._samples

    def trials(self) -> Sequence[Trial]:
        """None."""
        return ()

    def searches(self) -> Sequence[Searches]:
        """None: distractors join another set's gallery."""
        return ()

    @cached_property
    def _samples(self) -> Mapping[str, Sample]:
        listed = (self._root / LIST).is_file()
        names = self._listed() if listed else self._found()
        return {
            name: Sample(name=name, pictures=(picture_on_disk(self._root / name, name=name),), subject=None)
            for name in names
        }

    def _found(self) -> Sequence[str]:
        return [path.relative_to(self._root).as_posix() for path in pictures_below(self._root)]

    def _listed(self) -> Sequence[str]:
        path = self._root / LIST
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise _wrong(path, str(error)) from error
        names = content.get("path") if isinstance(content, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise _wrong(path, 'there is no list of texts at "path"')
        if len(set(names)) < len(names):
            raise _wrong(path, "a picture is named twice")
        if outside := [name for name in names if within(self._root, name) is None]:
            raise _wrong(path, f"{outside[0][:80]!r} is no path below its folder")
        return names


def _wrong(path: Path, what: str) -> DatasetError:
    return DatasetError(f"{path} is no list of pictures: {what}.", remedy='It has the form {"path": ["a/b.jpg", …]}.')
