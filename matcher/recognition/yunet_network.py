"""YuNet's network for ONNX Runtime's kernels: the same numbers to the last bit, some of them made together.

For each of three strides the file has four heads on the same features, which each begin with a pointwise convolution
to 1, 1, 4 or 10 channels. One costs as much for a single channel as for sixteen, which is what the four are together.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from matcher.recognition.folding import folded

if TYPE_CHECKING:
    import onnx


def network(data: bytes) -> "onnx.ModelProto":
    """The network in YuNet's file: (batch, height, width, 3) uint8 BGR in, both sides multiples of 32."""
    from onnx import TensorProto, helper, numpy_helper

    model = folded(data, any_size=True)
    graph = model.graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = [
        helper.make_node("Transpose", ["pixels"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["turned"], [graph.input[0].name], to=TensorProto.FLOAT),
    ]
    parallel = _parallel(graph.node, values)
    for node in graph.node:
        together = parallel.get(node.input[0], [])
        if node not in together:
            nodes.append(node)
        elif node is together[0]:
            nodes += _together(together, values)
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", "height", "width", 3])
    used = {name for node in nodes for name in node.input}
    constants = [numpy_helper.from_array(values[name], name) for name in sorted(used & values.keys())]
    faster = helper.make_graph(nodes, graph.name, [pixels], list(graph.output), constants)
    return helper.make_model(faster, opset_imports=list(model.opset_import), ir_version=model.ir_version)


def _parallel(nodes: "Sequence[onnx.NodeProto]", values: dict[str, NDArray[Any]]) -> "dict[str, list[onnx.NodeProto]]":
    """By the name of their input, the pointwise convolutions of which several have the same one."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for node in nodes:
        if node.op_type == "Conv" and values[node.input[1]].shape[2:] == (1, 1):
            found[node.input[0]].append(node)
    return {name: several for name, several in found.items() if len(several) > 1}


def _together(convolutions: "list[onnx.NodeProto]", values: dict[str, NDArray[Any]]) -> "list[onnx.NodeProto]":
    """One convolution in their place, and its channels given back to each; their weights are added to the values."""
    from onnx import helper

    inputs = convolutions[0].input[0]
    kernels, biases = ([values[node.input[place]] for node in convolutions] for place in (1, 2))
    names = [f"{inputs}_{what}" for what in ("kernels", "biases", "sizes")]
    values |= dict(
        zip(
            names,
            (np.concatenate(kernels), np.concatenate(biases), np.array([len(one) for one in biases])),
            strict=True,
        )
    )
    return [
        helper.make_node("Conv", [inputs, *names[:2]], [f"{inputs}_together"]),
        helper.make_node("Split", [f"{inputs}_together", names[2]], [node.output[0] for node in convolutions], axis=1),
    ]
