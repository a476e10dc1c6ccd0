"""Files, folders and pictures of a data set on this machine's disk."""

from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets.dataset import Picture
from benchmarks.harness.errors import DataMissingError, DatasetError

_ELSEWHERE = "set CLEARGLASS_DATA or --root to the folder where it is"

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def existing_folder(path: Path, *, what: str) -> Path:
    """The same path; DataMissingError where there is no such folder. what: what should be in it, for people."""
    if not path.is_dir():
        raise DataMissingError(f"There is no folder {path}.", remedy=f"Put {what} there, or {_ELSEWHERE}.")
    return path


def existing_file(path: Path, *, what: str) -> Path:
    """The same path; DataMissingError where there is no such file. what: what it should be, for people."""
    if not path.is_file():
        raise DataMissingError(f"There is no file {path}.", remedy=f"Put {what} there, or {_ELSEWHERE}.")
    return path


def existing_pictures(root: Path, *, what: str) -> Path:
    """The same path; DataMissingError where no picture is below it. what: what should be there, for people."""
    existing_folder(root, what=what)
    if not any(map(is_picture, root.rglob("*"))):
        raise DataMissingError(f"There is no JPEG and no PNG below {root}.", remedy=f"Put {what} there.")
    return root


def within(folder: Path, name: str) -> Path | None:
    """The file that a list calls `name`; None where that would lead out of the folder."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\0" in name:
        return None
    return folder / path


def picture_on_disk(
    path: Path, *, name: str, landmarks: NDArray[np.float32] | None = None, medium: str = ""
) -> Picture:
    """A picture whose file is read on access, which raises DataMissingError if it is missing."""
    return Picture(name=name, read=partial(_read, path), landmarks=landmarks, medium=medium)


def pictures_in(folder: Path) -> tuple[Path, ...]:
    """The JPEGs and PNGs of one folder, by name; hidden files, as copies between systems leave them, are none."""
    return tuple(sorted(path for path in folder.iterdir() if is_picture(path)))


def pictures_below(root: Path) -> tuple[Path, ...]:
    """The JPEGs and PNGs in a folder and all folders in it, by path."""
    return tuple(sorted(filter(is_picture, root.rglob("*"))))


def is_picture(path: Path) -> bool:
    """True if its name is that of a picture; the content is not read."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def folders_in(folder: Path) -> tuple[Path, ...]:
    """The folders of one folder, by name, without hidden ones."""
    return tuple(sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataMissingError(
            f"There is no picture {path}.", remedy="Unpack the data set again; parts of this copy are missing."
        ) from None
    except OSError as error:
        raise DatasetError(
            f"The picture {path} cannot be read: {error.strerror}.", remedy="Look at the file and its permissions."
        ) from error
