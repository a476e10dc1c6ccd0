"""An embedder that is no good, as a file and as an entry: each colour plane's means of a coarse grid, mixed."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np


def write_model(path: Path, *, seed: int = 0) -> str:
    """Writes the network; gives its digest."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(seed).normal(size=(3 * 7 * 7, 16)).astype("f4")
    nodes = [
        helper.make_node("AveragePool", ["picture"], ["coarse"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Flatten", ["coarse"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["vector"]),
    ]
    graph = helper.make_graph(
        nodes,
        "coarse",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 16])],
        [numpy_helper.from_array(weights, "weights")],
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    path.write_bytes(data)
    assert onnx.load_from_string(data).graph.name == "coarse"
    return hashlib.sha256(data).hexdigest()


def write_list(folder: Path, **changes: Any) -> Path:
    """Writes the network and a list with its entry; gives the list's path."""
    entry = {"name": "coarse", "file": "coarse.onnx", "licence": "CC0-1.0", "dimension": 16}
    entry["sha256"] = write_model(folder / "coarse.onnx")
    path = folder / "embedders.json"
    path.write_text(json.dumps([entry | changes]))
    return path
