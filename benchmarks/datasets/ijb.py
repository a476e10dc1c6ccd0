"""IJB-B and IJB-C as InsightFace lays them out, with the 1:1 and the 1:N protocol.

    loose_crop/NAME                          pictures, cut loosely around the face
    meta/ijbc_face_tid_mid.txt               NAME template medium
    meta/ijbc_name_5pts_score.txt            NAME, five landmarks as x y in the same order of lines, a score
    meta/ijbc_template_pair_label.txt        template template 1 (mated) or 0: 1:1
    meta/ijbc_1N_gallery_G1.csv, …_G2.csv    TEMPLATE_ID, SUBJECT_ID, …: 1:N, two galleries without a common person
    meta/ijbc_1N_probe_mixed.csv             the same of the probes, every one searched in each gallery

IJB-B has `ijbb` for `ijbc`, and S1 and S2 for G1 and G2. A sample is a template: pictures of one person, stills and
frames of videos. Frames of one video are one *medium*, and have one weight together (Whitelam et al., CVPR workshops
2017). Subjects are known from the 1:N files, where these are there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets.dataset import Description, Picture, Sample, Searches, Trial
from benchmarks.datasets.disk import existing_file, existing_folder, picture_on_disk
from benchmarks.datasets.listing import Line, Listing
from benchmarks.datasets.trial_table import TrialTable
from benchmarks.harness.errors import DatasetError

_TERMS = (
    "Given by NIST on request, under the licence that comes with it. Public figures from the web; nobody was asked."
)

IJB_B = Description(
    name="ijb-b",
    title="IARPA Janus Benchmark-B, 1:1 and 1:N",
    terms=_TERMS,
    source="Whitelam et al.: IARPA Janus Benchmark-B Face Dataset, CVPR Workshops 2017; as laid out by InsightFace",
    counts={"people": 1_845, "samples": 12_115, "mated": 10_270, "non-mated": 8_000_000},
)
IJB_C = Description(
    name="ijb-c",
    title="IARPA Janus Benchmark-C, 1:1 and 1:N",
    terms=_TERMS,
    source="Maze et al.: IARPA Janus Benchmark-C, ICB 2018; as laid out by InsightFace",
    counts={"people": 3_531, "samples": 23_124, "mated": 19_557, "non-mated": 15_638_932},
)

_GALLERIES = {"ijb-b": ("S1", "S2"), "ijb-c": ("G1", "G2")}


class Ijb:
    """The set in one folder. DataMissingError where a part of the 1:1 protocol is not there.

    The 1:N files may be missing: there are then no searches, and no subjects are known.
    """

    def __init__(self, root: Path, description: Description) -> None:
        self._description = description
        self._stem = description.name.replace("-", "")
        self._meta = existing_folder(root / "meta", what=f"the lists of {description.title}")
        self._crops = existing_folder(root / "loose_crop", what=f"the pictures of {description.title}")
        for file in ("face_tid_mid.txt", "name_5pts_score.txt", "template_pair_label.txt"):
            existing_file(self._path(file), what=f"InsightFace's list of {description.title}")

    @property
    def description(self) -> Description:
        """Its name, terms and what a complete copy has."""
        return self._description

    def samples(self) -> Mapping[str, Sample]:
        """Each template by its number, in order of first mention. Raises DatasetError."""
        return self._samples

    def trials(self) -> Sequence[Trial]:
        """The 1:1 protocol: a `TrialTable`, in one fold. Raises DatasetError."""
        return self._trials

    def searches(self) -> Sequence[Searches]:
        """The 1:N protocol: all probes in each gallery. Empty without its files. Raises DatasetError."""
        if not all(path.is_file() for path in (*self._galleries.values(), self._probes)):
            return ()
        probes = self._known(self._probes)
        return tuple(
            Searches(name=f"{self.description.name} {gallery}", gallery=self._known(path), probes=probes)
            for gallery, path in self._galleries.items()
        )

    def _path(self, file: str) -> Path:
        return self._meta / f"{self._stem}_{file}"

    @property
    def _galleries(self) -> Mapping[str, Path]:
        return {name: self._path(f"1N_gallery_{name}.csv") for name in _GALLERIES[self.description.name]}

    @property
    def _probes(self) -> Path:
        return self._path("1N_probe_mixed.csv")

    @cached_property
    def _samples(self) -> Mapping[str, Sample]:
        pictures: dict[str, list[Picture]] = {}
        for template, picture in self._pictures():
            pictures.setdefault(template, []).append(picture)
        subjects = self._subjects()
        return {
            template: Sample(name=template, pictures=tuple(of_it), subject=subjects.get(template))
            for template, of_it in pictures.items()
        }

    def _pictures(self) -> Iterator[tuple[str, Picture]]:
        """The two lists side by side: line n of both is about the same picture."""
        members = Listing(self._path("face_tid_mid.txt"), what="templates").lines()
        points = Listing(self._path("name_5pts_score.txt"), what="landmarks").lines()
        for line in members:
            name, template, medium = line.fields(3)
            other = next(points, None)
            if other is None:
                raise line.wrong(f"there is no line of landmarks for it in {self._path('name_5pts_score.txt').name}")
            landmarks = _landmarks(other, name)
            path = line.below(self._crops, name)
            yield (
                str(line.whole(template)),
                picture_on_disk(path, name=f"{line.whole(medium)}/{name}", landmarks=landmarks, medium=medium),
            )
        if (other := next(points, None)) is not None:
            raise other.wrong("landmarks of a picture that is in no template")

    @cached_property
    def _rows(self) -> Mapping[Path, Mapping[str, "_Row"]]:
        """By file of the 1:N protocol, its templates. A template has a row for each of its pictures."""
        files = [path for path in (*self._galleries.values(), self._probes) if path.is_file()]
        return {path: _templates(path) for path in files}

    def _subjects(self) -> Mapping[str, str]:
        return {template: row.subject for rows in self._rows.values() for template, row in rows.items()}

    def _known(self, path: Path) -> tuple[str, ...]:
        for template, row in self._rows[path].items():
            if template not in self._samples:
                raise row.line.wrong(f"template {template} has no picture")
        return tuple(self._rows[path])

    @cached_property
    def _trials(self) -> TrialTable:
        path = self._path("template_pair_label.txt")
        columns = _columns(path)
        names = tuple(self._samples)
        numbers = np.array([int(name) for name in names], np.int32)
        if not (np.isin(columns[:, :2], numbers).all() and np.isin(columns[:, 2], (0, 1)).all()):
            raise _first_wrong(path, self._samples)
        order = np.argsort(numbers)
        positions = order[np.searchsorted(numbers, columns[:, :2], sorter=order)]
        return TrialTable(names, probes=positions[:, 0], references=positions[:, 1], mated=columns[:, 2] == 1)


def _landmarks(line: Line, name: str) -> NDArray[np.float32]:
    first, *numbers = line.fields(12)
    if first != name:
        raise line.wrong(f"landmarks of {first}, where {name} is expected")
    try:
        points = np.array(numbers[:10], np.float32).reshape(5, 2)
    except ValueError:
        raise line.wrong("a landmark that is no number") from None
    if not np.isfinite(points).all():
        raise line.wrong("a landmark that is no number")
    return points


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A template's row in the 1:N protocol, with its file and line."""

    subject: str
    line: Line


def _templates(path: Path) -> Mapping[str, _Row]:
    rows: dict[str, _Row] = {}
    for line, row in Listing(path, what="templates of the 1:N protocol").rows("TEMPLATE_ID", "SUBJECT_ID"):
        template, subject = str(line.whole(row["TEMPLATE_ID"])), row["SUBJECT_ID"]
        if rows.setdefault(template, _Row(subject=subject, line=line)).subject != subject:
            raise line.wrong(f"template {template} of a second subject")
    return rows


def _columns(path: Path) -> NDArray[np.int32]:
    """(n, 3): template, template, label. numpy reads the fifteen million lines of IJB-C in seconds."""
    if next(Listing(path, what="pairs of templates").lines(), None) is None:
        return np.zeros((0, 3), np.int32)
    try:
        columns: NDArray[np.int32] = np.loadtxt(path, dtype=np.int32, ndmin=2, comments=None)
    except ValueError:
        raise _first_wrong(path, None) from None
    if columns.shape[1] != 3:
        raise _first_wrong(path, None)
    return columns


def _first_wrong(path: Path, samples: Mapping[str, Sample] | None) -> DatasetError:
    """Reads the file again, slowly, for the line that is wrong. samples: None where only numbers are looked at."""
    for line in Listing(path, what="pairs of templates").lines():
        *pair, label = (line.whole(field) for field in line.fields(3))
        if label not in (0, 1):
            return line.wrong(f"{label} is neither 1 nor 0")
        for template in pair if samples is not None else ():
            if str(template) not in (samples or {}):
                return line.wrong(f"template {template} has no picture")
    return DatasetError(f"{path} has numbers that are too large.", remedy="Unpack the data set's own file again.")
