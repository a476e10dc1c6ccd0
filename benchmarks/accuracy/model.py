"""A researcher's own embedder, an ONNX file with a few facts about it, measured beside those of this house.

They are registered in a JSON file, `--models FILE`: a list of objects with name, file (beside the list, or absolute),
sha256, licence, and where they differ from ArcFace's: colours (rgb or bgr), mean and scale of the pixels, side.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.errors import ModelFileError
from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.networks.alignment import SFACE_POINTS, SFACE_SIZE, aligned
from matcher.recognition.networks.pipeline import means, with_mirror_images
from matcher.recognition.networks.session import Session

Floats = NDArray[np.float32]

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
SMALLEST, LARGEST = 16, 1024
"""Sides of a chip, in pixels."""

_BUILT_IN = frozenset({"dlib", "sface", "fusion"})


@dataclass(frozen=True, kw_only=True)
class Model:
    """Of faces aligned on five points as ArcFace's are, side × side pixels; vectors are compared by their angle.

    colours: rgb or bgr. A pixel goes in as (value - mean) / scale.
    """

    name: str
    path: Path
    sha256: str
    licence: str
    colours: str = "rgb"
    mean: float = 127.5
    scale: float = 127.5
    side: int = SFACE_SIZE


def read_models(path: Path) -> tuple[Model, ...]:
    """The models that a file registers, each file held against its digest. Raises ModelFileError."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        models = tuple(_model(entry, path.parent) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelFileError(
            f"{path} cannot be read as a list of models: {error}.",
            remedy='It holds [{"name": "arcface-r50", "file": "r50.onnx", "sha256": "…", "licence": "…"}].',
        ) from error
    names = [model.name for model in models]
    for name in names:
        if _NAME.fullmatch(name) is None or name in _BUILT_IN or names.count(name) > 1:
            raise ModelFileError(
                f"{name!r} cannot be a model's name.",
                remedy="Take lower-case letters, digits, dots and hyphens, and no name twice nor of a built-in one.",
            )
    return models


def _model(entry: dict[str, Any], folder: Path) -> Model:
    facts = {key: value for key, value in entry.items() if key != "file"}
    model = Model(path=folder / entry["file"], **facts)
    if not isinstance(model.name, str) or not model.scale or not SMALLEST <= model.side <= LARGEST:
        raise ValueError("a name is text, a scale is not 0, and a side is from 16 to 1,024 pixels")
    if model.colours not in {"rgb", "bgr"}:
        raise ValueError(f"{model.name} has colours {model.colours!r}, neither rgb nor bgr")
    digest = hashlib.sha256(model.path.read_bytes()).hexdigest()
    if digest != model.sha256:
        raise ValueError(f"the file of {model.name} hashes to {digest}, not to what is registered")
    return model


class ModelEmbedder:
    """Runs such a model on one thread. A vector is the mean of a face's and of its mirror image's."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._session = Session(model.path.read_bytes(), threads=1)

    def embed(self, images: Sequence[Image], faces: Sequence[Face]) -> Floats:
        """(n, d) vectors of faces[i] in images[i], whose landmarks are refined. Not of length 1."""
        side = self._model.side
        points = SFACE_POINTS * (side / SFACE_SIZE)
        chips = [aligned(image, face, points, side) for image, face in zip(images, faces, strict=True)]
        batch = np.stack([self._planes(chip) for chip in with_mirror_images(chips)])
        return means(np.concatenate([self._session.run(one[None])[0] for one in batch]))

    def _planes(self, chip: Image) -> Floats:
        coloured = pixels.rgb(chip) if self._model.colours == "rgb" else chip
        planes: Floats = (coloured.transpose(2, 0, 1).astype(np.float32) - self._model.mean) / self._model.scale
        return planes
