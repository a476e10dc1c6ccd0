"""The operating points that were measured at this site: a file in the data folder, written whole."""

from pathlib import Path
from typing import ClassVar

from matcher.errors import ClearglassError
from matcher.folder.errors import DataFolderError
from matcher.folder.lock import folder_turn
from matcher.folder.whole_file import write_whole
from matcher.recognition.operating_point import (
    NO_EVIDENCE,
    OPERATING_POINTS,
    OperatingPoint,
    OperatingPoints,
    load_operating_points,
    load_site_points,
)
from matcher.recognition.scale import SimilarityScale


class OperatingPointNameError(ClearglassError):
    """An operating point with this name exists already, or the name is reserved."""

    code: ClassVar[str] = "operating_point_name"


def keep_site_point(
    folder: Path, point: OperatingPoint, *, scale: SimilarityScale | None = None, replace: bool = False
) -> Path:
    """Adds the point to the site's file, which is made if it does not exist; returns the file's path. scale: replaces
    the site's own; None keeps that. replace: true if it may replace a point with its name. It works beside a running
    service, which uses what it loaded at its start, and beside other processes that add points: a lock orders them.
    Raises OperatingPointNameError, OperatingPointError, DataFolderError.
    """
    _require_of_site(point.name)
    path = folder / OPERATING_POINTS
    try:
        with folder_turn(folder):
            present = load_site_points(folder)
            _require_free(point.name, present, replace=replace)
            others = tuple(one for one in present.points if one.name != point.name)
            written = OperatingPoints(points=(*others, point), scale=scale or present.scale)
            write_whole(path, written.content(), mode=0o600)
    except OSError as error:
        raise DataFolderError(
            f"{path} cannot be written: {error.strerror}.",
            remedy="Choose a data folder on a local disk that this account may write to.",
        ) from error
    return path


def _require_of_site(name: str) -> None:
    if name == NO_EVIDENCE or name in load_operating_points():
        raise OperatingPointNameError(
            f"The name {name} is taken by Clearglass itself.", remedy="Choose another, such as the site's."
        )


def _require_free(name: str, present: OperatingPoints, *, replace: bool) -> None:
    if not replace and any(one.name == name for one in present.points):
        raise OperatingPointNameError(
            f"There is an operating point {name} at this site already, and entries of the log may refer to it.",
            remedy="Choose another name, or replace it with --replace.",
        )
