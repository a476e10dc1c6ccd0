"""The data sets that can be opened by name. All of them lie on this machine's disk; nothing is ever fetched."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from benchmarks.datasets import bfw, demogpairs, distractors, fairface, folder, ijb, insightface_bin, lfw, rfw, utkface
from benchmarks.datasets.dataset import Dataset, Description
from benchmarks.datasets.disk import existing_folder
from benchmarks.datasets.insightface_bin import InsightfaceBin
from benchmarks.harness.errors import UnknownDatasetError


@dataclass(frozen=True, kw_only=True)
class Entry:
    """open: from the set's own folder. layout: the needed content of that folder, for people. trials: true if it has
    trials, and can be measured by its own name; the others have labels or distractors.
    """

    description: Description
    layout: str
    open: Callable[[Path], Dataset]
    trials: bool = True


def open_dataset(name: str, root: Path) -> Dataset:
    """The set of that name in the folder `root`.

    Raises UnknownDatasetError, and DataMissingError that names the expected file or folder.
    """
    if name not in DATASETS:
        raise UnknownDatasetError(f"There is no data set {name!r}.", remedy=f"Known are {', '.join(DATASETS)}.")
    entry = DATASETS[name]
    if not root.is_file():
        existing_folder(root, what=f"{entry.description.title} ({entry.layout})")
    return entry.open(root)


def _open_bin(file: str, description: Description, root: Path) -> Dataset:
    """From the folder that has the file, or from the file itself."""
    return InsightfaceBin(root if root.is_file() else root / file, description)


def _bin(file: str, description: Description) -> Entry:
    return Entry(description=description, layout=file, open=partial(_open_bin, file, description))


def _ijb(description: Description) -> Entry:
    return Entry(description=description, layout="meta and loose_crop", open=lambda root: ijb.Ijb(root, description))


_ENTRIES = (
    Entry(description=lfw.DESCRIPTION, layout="lfw-deepfunneled and pairs.txt", open=lfw.Lfw.at),
    _bin("cfp_fp.bin", insightface_bin.CFP_FP),
    _bin("agedb_30.bin", insightface_bin.AGEDB_30),
    _bin("calfw.bin", insightface_bin.CALFW),
    _bin("cplfw.bin", insightface_bin.CPLFW),
    _ijb(ijb.IJB_B),
    _ijb(ijb.IJB_C),
    Entry(
        description=distractors.DESCRIPTION, layout="pictures, list.json", open=distractors.Distractors, trials=False
    ),
    Entry(description=rfw.DESCRIPTION, layout="data and txts", open=rfw.Rfw),
    Entry(description=bfw.DESCRIPTION, layout="bfw-…-datatable.csv and face-samples", open=bfw.Bfw),
    Entry(description=demogpairs.DESCRIPTION, layout="Asian_Females and five more", open=demogpairs.DemogPairs),
    Entry(
        description=fairface.DESCRIPTION, layout="fairface_label_val.csv and val", open=fairface.FairFace, trials=False
    ),
    Entry(description=utkface.DESCRIPTION, layout="25_0_1_….jpg", open=utkface.UtkFace, trials=False),
    Entry(description=folder.DESCRIPTION, layout="a folder for each person, labels.csv", open=folder.Folder),
)

DATASETS: Mapping[str, Entry] = MappingProxyType({entry.description.name: entry for entry in _ENTRIES})
"""By name, as typed on a command line."""

MEASURABLE: tuple[str, ...] = tuple(name for name, entry in DATASETS.items() if entry.trials)
"""Names of those with trials."""
