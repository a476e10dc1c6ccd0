import numpy as np
import pytest
from numpy.testing import assert_allclose

from matcher.picture.pixel_array import Image
from matcher.recognition.networks.folding import folded
from matcher.recognition.networks.session import Session
from matcher.recognition.networks.sface import SFace
from matcher.recognition.networks.sface_network import network
from matcher.recognition.networks.weights import read
from matcher.recognition.registry import SFACE


@pytest.fixture(scope="module")
def chips(astronaut: Image) -> list[Image]:
    face, beside = (np.ascontiguousarray(astronaut[y : y + 112, x : x + 112]) for y, x in ((50, 170), (200, 5)))
    noise = np.random.default_rng(0).integers(0, 256, (112, 112, 3)).astype(np.uint8)
    return [face, beside, noise, np.zeros_like(face), np.full_like(face, 255)]


@pytest.mark.slow
def test_equals_the_network_as_it_is_in_the_file(chips: list[Image]) -> None:
    plain = Session(folded(read(SFACE)), threads=1)
    planes = np.stack(chips)[:, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    expected = plain.run(np.ascontiguousarray(planes))[0]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    sface = SFace()
    assert_allclose(sface.embed(chips), expected, atol=1e-5)
    assert_allclose(np.concatenate([sface.embed([chip]) for chip in chips]), expected, atol=1e-5)


def test_no_node_is_left_that_the_convolutions_layout_does_not_know() -> None:
    graph = network(read(SFACE)).graph
    assert {node.op_type for node in graph.node} == {
        *("Transpose", "Cast", "Sub"),
        *("Conv", "Relu", "Add", "Flatten", "Gemm"),
    }


def test_no_chips_give_no_vectors() -> None:
    assert SFace().embed([]).shape == (0, 128)
