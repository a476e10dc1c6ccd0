"""YuNet's network with its twelve heads put together into three, for ONNX Runtime's kernels.

For each of three strides the file has four heads on the same features: class, objectness, box and landmarks, of 1, 1, 4
and 10 channels. A convolution costs as much for one channel as for sixteen, which is what they are together.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from matcher.recognition.networks.folding import folded

if TYPE_CHECKING:
    import onnx

STRIDES = (8, 16, 32)
HEADS = ("cls", "obj", "bbox", "kps")


def network(data: bytes) -> "onnx.ModelProto":
    """The network in YuNet's file: (batch, 3, height, width) uint8 BGR in, both sides multiples of 32.

    Out, for each stride: (batch, 16, rows, columns) of class, objectness, box and landmarks, the first two as they are
    before their sigmoid.
    """
    from onnx import TensorProto, helper, numpy_helper

    model = folded(data, any_size=True)
    graph = model.graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = {node.output[0]: node for node in graph.node}
    heads = [node for stride in STRIDES for node in _together(stride, makers, values)]
    features = [node.input[0] for node in heads[::2]]
    nodes = [
        helper.make_node("Cast", ["planes"], [graph.input[0].name], to=TensorProto.FLOAT),
        *(node for node in graph.node if node.output[0] in _behind(features, makers)),
        *heads,
    ]
    planes = helper.make_tensor_value_info("planes", TensorProto.UINT8, ["batch", 3, "height", "width"])
    outputs = [
        helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, ["batch", 16, None, None])
        for node in heads[1::2]
    ]
    used = {name for node in nodes for name in node.input}
    constants = [numpy_helper.from_array(values[name], name) for name in sorted(used & values.keys())]
    faster = helper.make_graph(nodes, graph.name, [planes], outputs, constants)
    return helper.make_model(faster, opset_imports=list(model.opset_import), ir_version=model.ir_version)


def _together(
    stride: int, makers: "dict[str, onnx.NodeProto]", values: dict[str, NDArray[Any]]
) -> "list[onnx.NodeProto]":
    """A stride's four heads as one pointwise and one depthwise convolution; their weights are added to the values."""
    from onnx import helper

    pointwise, depthwise = zip(*(_convolutions(f"{head}_{stride}", makers) for head in HEADS), strict=True)
    for name, convolutions in (("mixed", pointwise), ("head", depthwise)):
        for place, what in ((1, "kernels"), (2, "biases")):
            values[f"{name}_{stride}_{what}"] = np.concatenate([values[node.input[place]] for node in convolutions])
    mixed, head = f"mixed_{stride}", f"head_{stride}"
    return [
        helper.make_node("Conv", [pointwise[0].input[0], f"{mixed}_kernels", f"{mixed}_biases"], [mixed]),
        helper.make_node("Conv", [mixed, f"{head}_kernels", f"{head}_biases"], [head], group=16, pads=[1] * 4),
    ]


def _convolutions(output: str, makers: "dict[str, onnx.NodeProto]") -> "tuple[onnx.NodeProto, onnx.NodeProto]":
    """The last two convolutions before an output, the earlier first."""
    found: list[Any] = []
    name = output
    while len(found) < 2:
        node = makers[name]
        found += [node] if node.op_type == "Conv" else []
        name = node.input[0]
    return found[1], found[0]


def _behind(names: list[str], makers: "dict[str, onnx.NodeProto]") -> set[str]:
    """These and everything that they are made from."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in makers and name not in found:
            found.add(name)
            waiting += makers[name].input
    return found
