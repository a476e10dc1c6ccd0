import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import ImageFile

from matcher.picture.pixel_array import Image
from matcher.recognition.networks.dlib_network import DlibNetwork, layers
from matcher.recognition.networks.dlib_reference import DlibReference
from matcher.recognition.networks.weights import read
from matcher.recognition.registry import DLIB_NETWORK


@pytest.fixture(scope="module")
def network() -> DlibNetwork:
    return DlibNetwork()


@pytest.fixture(scope="module")
def reference() -> DlibReference:
    return DlibReference()


@pytest.fixture(scope="module")
def chips(astronaut: Image) -> list[Image]:
    rgb = astronaut[:, :, ::-1]
    face, beside, low = (
        np.ascontiguousarray(rgb[y : y + 150, x : x + 150]) for y, x in ((50, 150), (20, 120), (200, 5))
    )
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3)).astype(np.uint8)
    return [face, beside, low, noise, np.zeros_like(face), np.full_like(face, 255)]


@pytest.mark.slow
def test_equals_dlib_on_the_same_chips(network: DlibNetwork, reference: DlibReference, chips: list[Image]) -> None:
    expected = reference.embed(chips)
    assert_allclose(network.embed(chips), expected, atol=1e-5)
    assert_allclose(np.concatenate([network.embed([chip]) for chip in chips]), expected, atol=1e-5)


def test_no_chips_give_no_vectors(network: DlibNetwork, reference: DlibReference) -> None:
    assert network.embed([]).shape == reference.embed([]).shape == (0, 128)


def test_the_file_is_read_whole() -> None:
    read_layers = list(layers(read(DLIB_NETWORK)))
    kinds = [layer.name for layer in read_layers]
    assert kinds.count("con_4") == 29
    assert kinds[-1] == "fc_2"
    assert 0.999 < 4 * sum(layer.weights.size for layer in read_layers) / len(read(DLIB_NETWORK)) < 1
    assert all(np.isfinite(layer.weights).all() for layer in read_layers)


@pytest.mark.slow
def test_the_pipeline_comes_close_to_face_recognition_itself(
    recogniser, reference: DlibReference, astronaut: Image
) -> None:
    """Not the same: the detector is another, so the box that the landmarks start from is too."""
    (template,) = recogniser.extract([astronaut], recogniser.detect([astronaut])[0])
    # dlib's own detector sees a second face in the picture, on the space suit.
    assert np.linalg.norm(reference.encodings(astronaut) - template.vectors["dlib"], axis=1).min() < 0.3
    # face_recognition would have Pillow take broken files, in the whole process.
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
