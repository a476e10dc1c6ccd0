"""The people of a rehearsal: a volunteer who is always available, and bystanders if the public data is there."""

import os
from collections.abc import Sequence
from pathlib import Path

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.film.portrait import Portrait, portrait_of
from matcher.picture.pixel_array import Image
from matcher.recognition.image import decode_image
from matcher.recognition.recogniser import Recogniser

BYSTANDERS = ("lisa/*", "zoom/*", "canada/*")
"""Patterns of public portraits whose licence (CC0 or CC BY) allows screenshots of the demo to be published."""


def volunteer() -> Image:
    """Eileen Collins, astronaut: NASA's portrait, in the public domain, in scikit-image."""
    from skimage import data

    picture: Image = data.astronaut()[:, :, ::-1].copy()
    return picture


def public_data() -> Path | None:
    """The folder of public data: CLEARGLASS_DATA, else shared/data beside the project's folder; None if absent."""
    default = Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = Path(os.environ.get("CLEARGLASS_DATA", default))
    return folder if folder.is_dir() else None


def bystanders(data: Path | None, recogniser: Recogniser, *, count: int = 6) -> list[list[Portrait]]:
    """Returns the strangers of a scene, each with one portrait; none without the public data."""
    if data is None:
        return []
    files = [sorted((data / "portraits").glob(f"{pattern}.jpg")) for pattern in BYSTANDERS]
    chosen = [*files[0][:1], *files[1][:1], *files[2]][:count]
    return [portraits_of([decode_image(file.read_bytes())], recogniser) for file in chosen]


def portraits_of(pictures: Sequence[Image], recogniser: Recogniser) -> list[Portrait]:
    """Returns a portrait of the largest face of each picture with a face. Raises RehearsalError if no face is found."""
    found = [portrait_of(picture, faces[0]) for picture in pictures for faces in recogniser.detect([picture]) if faces]
    if not found:
        raise RehearsalError("None of the pictures shows a face.", remedy="Choose pictures with a face in them.")
    return found
