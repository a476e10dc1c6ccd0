"""The protocol of data sets: samples with people and labels, and the trials of the set's own protocol."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Description:
    """name: as typed on the command line. terms: its makers' terms of use. source: its publication. counts: of a
    complete copy, by noun ("pictures", "people", "mated", "non-mated"); empty where the makers published none. sha256:
    of files in its folder, by their path there; empty where nobody published any.
    """

    name: str
    title: str
    terms: str
    source: str
    counts: Mapping[str, int] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One picture. read: its bytes, a JPEG or PNG. landmarks: (5, 2) float32 pixels in YuNet's order, if the set has
    them; None if a detector must find the face. medium: the photograph or video that it is from; pictures of one sample
    and medium have one weight together; empty if each picture is its own medium."""

    name: str
    read: Callable[[], bytes]
    landmarks: NDArray[np.float32] | None = None
    medium: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A sample: a picture, or several of one person (a template of IJB), whose vectors are pooled. subject: None in
    sets that only label pairs. labels: by attribute, such as {"gender": "female"}.
    """

    name: str
    pictures: tuple[Picture, ...]
    subject: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Two samples, by name, of the same person (mated) or not. fold: from 0; 0 where the protocol has no folds."""

    probe: str
    reference: str
    mated: bool
    fold: int = 0


@dataclass(frozen=True, kw_only=True)
class Searches:
    """An open-set identification: samples, by name. A probe whose subject is not in the gallery is non-mated."""

    name: str
    gallery: tuple[str, ...]
    probes: tuple[str, ...]


class Dataset(Protocol):
    """A set on this machine's disk; nothing is ever fetched."""

    @property
    def description(self) -> Description:
        """Its name, terms and what a complete copy has."""
        ...

    def samples(self) -> Mapping[str, Sample]:
        """By name, in order."""
        ...

    def trials(self) -> Sequence[Trial]:
        """The verification protocol, in its order; empty where there is none."""
        ...

    def searches(self) -> Sequence[Searches]:
        """The identification protocols; empty where there are none."""
        ...
