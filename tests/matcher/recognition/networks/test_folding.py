import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from matcher.recognition.networks.folding import dequantized, folded
from matcher.recognition.networks.session import Session
from matcher.recognition.networks.weights import read
from matcher.recognition.registry import SFACE, YUNET


def test_dequantises_block_by_block() -> None:
    values = np.array([[10, 20, 30, 40, 50]], np.int8)
    scales, zeros = np.array([[2.0, 10.0, 100.0]], np.float32), np.array([[0, 5, 50]], np.int8)
    assert dequantized(values, scales, zeros, axis=1, block=2).tolist() == [[20, 40, 250, 350, 0]]


@given(rows=st.integers(1, 6), columns=st.integers(1, 40), block=st.integers(1, 16), seed=st.integers(0, 99))
def test_dequantising_is_what_a_plain_loop_says(rows: int, columns: int, block: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    blocks = -(-columns // block)
    values, zeros = (random.integers(-128, 128, (rows, size)).astype(np.int8) for size in (columns, blocks))
    scales = random.random((rows, blocks), np.float32)
    expected = [
        [(float(values[r, c]) - float(zeros[r, c // block])) * float(scales[r, c // block]) for c in range(columns)]
        for r in range(rows)
    ]
    assert_allclose(dequantized(values, scales, zeros, axis=1, block=block), expected, rtol=1e-5, atol=1e-5)


def test_nothing_quantised_is_left_and_weights_are_no_inputs() -> None:
    for model in (YUNET, SFACE):
        graph = folded(read(model)).graph
        assert not [node for node in graph.node if node.op_type == "DequantizeLinear"]
        assert len(graph.input) == 1


@pytest.mark.slow
def test_the_folded_network_gives_what_the_quantised_one_gives() -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    original = onnxruntime.InferenceSession(read(SFACE), options, providers=["CPUExecutionProvider"])
    batch = np.random.default_rng(0).integers(0, 256, (1, 3, 112, 112)).astype(np.float32)
    # The original lists weights among its inputs that nothing reads any more.
    dead = {
        entry.name: np.zeros([size if isinstance(size, int) else 1 for size in entry.shape], np.float32)
        for entry in original.get_inputs()
        if entry.name != "data"
    }
    expected = original.run(None, {"data": batch} | dead)[0]
    assert_allclose(Session(folded(read(SFACE)), threads=1).run(batch)[0], expected, atol=1e-4)
