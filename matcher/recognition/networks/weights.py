"""Reads a registered model's file, and only if it is the one that was registered."""

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import ClassVar

from matcher.errors import ClearglassError
from matcher.recognition.registry import Model


class ModelError(ClearglassError):
    """A model's file is missing, unreadable or not the registered one."""

    code: ClassVar[str] = "model"


_REMEDY = "Install the locked requirements again (`make setup`)."


def locate(model: Model) -> Path:
    """The model's file, checked by its SHA-256. Raises ModelError."""
    path = _path(model)
    _checked(model, path)
    return path


def read(model: Model) -> bytes:
    """The bytes of the model's file, checked by their SHA-256. Raises ModelError."""
    return _checked(model, _path(model))


def _path(model: Model) -> Path:
    try:
        return Path(str(distribution(model.distribution).locate_file(model.path)))
    except PackageNotFoundError as error:
        raise ModelError(
            f"The model {model.name} is missing: {model.distribution} is not installed.", remedy=_REMEDY
        ) from error


def _checked(model: Model, path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The file of the model {model.name} cannot be read.", remedy=_REMEDY) from error
    if hashlib.sha256(data).hexdigest() != model.sha256:
        raise ModelError(f"The file of the model {model.name} is not the registered one.", remedy=_REMEDY)
    return data
