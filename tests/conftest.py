"""Fixtures every room's tests share: the public data, a portrait that is always there, one real recogniser."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from matcher.recognition.face import Image
from matcher.recognition.recogniser import Recogniser

# A time limit on each example says more about who else uses the machine than about the code.
settings.register_profile("clearglass", deadline=None)
settings.load_profile("clearglass")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CLEARGLASS_DATA", default))
    if not (folder / "lfw").is_dir():
        missing = f"public data not found at {folder}: set CLEARGLASS_DATA to its folder"
        # On CI the data is there: a skip would be a test that silently stopped running.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    return folder


@pytest.fixture(scope="session")
def astronaut() -> Image:
    from skimage import data

    return data.astronaut()[:, :, ::-1].copy()


@pytest.fixture(scope="session")
def astronaut_jpeg(astronaut: Image) -> bytes:
    from matcher.recognition.image import encode_jpeg

    return encode_jpeg(astronaut)


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    from matcher.recognition.pipeline import load_recogniser

    return load_recogniser()
