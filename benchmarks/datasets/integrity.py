"""Checks that a copy of a data set is complete and unchanged: counts, checksums, and existing pictures."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from benchmarks.datasets.dataset import Dataset, Picture
from benchmarks.datasets.trial_table import TrialTable
from matcher.errors import ClearglassError

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""The first bytes of a JPEG and of a PNG."""


@runtime_checkable
class Selective(Protocol):
    """A data set that leaves pictures out whose labels it cannot read."""

    def left_out(self) -> Sequence[str]:
        """Their names."""
        ...


def departures(dataset: Dataset, root: Path) -> tuple[str, ...]:
    """The differences of this copy from its description, a sentence each.

    Every picture is read, though not decoded: with large sets that takes minutes. root: where the checksums' files are.
    """
    return (*_checksums(dataset, root), *_counts(dataset), *_pictures(dataset), *_left_out(dataset))


def _checksums(dataset: Dataset, root: Path) -> Iterator[str]:
    for name, expected in dataset.description.sha256.items():
        path = root / name
        if not path.is_file():
            yield f"{name} is missing."
        elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            yield f"{name} is another file than the one that its SHA-256 is known of."


def _counts(dataset: Dataset) -> Iterator[str]:
    for noun, expected in dataset.description.counts.items():
        try:
            found = _COUNTS[noun](dataset)
        except ClearglassError as error:
            yield f"{noun} cannot be counted: {error.message}"
            continue
        if found != expected:
            yield f"{found:,} {noun}, where a complete copy has {expected:,}."


def _pictures(dataset: Dataset) -> Iterator[str]:
    try:
        pictures = [picture for sample in dataset.samples().values() for picture in sample.pictures]
    except ClearglassError as error:
        yield f"Its pictures cannot be listed: {error.message}"
        return
    wrong = [trouble for trouble in map(_trouble, pictures) if trouble]
    if wrong:
        yield f"{len(wrong):,} of {len(pictures):,} pictures cannot be used. The first: {wrong[0]}"


def _trouble(picture: Picture) -> str:
    try:
        begin = picture.read()[:8]
    except ClearglassError as error:
        return error.message
    return "" if begin.startswith(_SIGNATURES) else f"{picture.name} is neither JPEG nor PNG."


def _left_out(dataset: Dataset) -> Iterator[str]:
    if isinstance(dataset, Selective) and (names := dataset.left_out()):
        yield f"{len(names):,} pictures are left out, for their names do not tell their labels. The first: {names[0]}."


def _count_mated(dataset: Dataset) -> int:
    trials = dataset.trials()
    if isinstance(trials, TrialTable):
        return int(np.count_nonzero(trials.mated))
    return sum(trial.mated for trial in trials)


_COUNTS: Mapping[str, Callable[[Dataset], int]] = {
    "samples": lambda dataset: len(dataset.samples()),
    "pictures": lambda dataset: sum(len(sample.pictures) for sample in dataset.samples().values()),
    "people": lambda dataset: len({sample.subject for sample in dataset.samples().values()} - {None}),
    "trials": lambda dataset: len(dataset.trials()),
    "mated": _count_mated,
    "non-mated": lambda dataset: len(dataset.trials()) - _count_mated(dataset),
}
"""The functions that count the nouns of `Description.counts`."""
