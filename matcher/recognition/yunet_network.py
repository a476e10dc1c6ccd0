"""YuNet's network with its twelve heads put together into three, for ONNX Runtime's kernels.

For each of three strides the file has four heads on the same features: class, objectness, box, landmarks, with 1, 1, 4
and 10 channels. A convolution costs as much for one channel as for sixteen, which is what they are together.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from matcher.recognition.folding import folded

if TYPE_CHECKING:
    import onnx

STRIDES = (8, 16, 32)
HEADS = ("cls", "obj", "bbox", "kps")
SURE = 2
"""How many of the channels are probabilities: class and objectness, through a sigmoid."""


def network(data: bytes) -> "onnx.ModelProto":
    """The network in YuNet's file: (batch, height, width, 3) uint8 BGR in, both sides multiples of 32.

    Out, for each stride: (batch, 2, rows, columns) of class and objectness, 0 to 1; then, in the same order,
    (batch, 14, rows, columns) of box and landmarks.
    """
    from onnx import TensorProto, helper

    model = folded(data, any_size=True)
    graph = model.graph
    (planes,) = graph.input
    heads = _Heads(graph)
    merged = [heads.merged(stride) for stride in STRIDES]
    body = [node for node in graph.node if node.output[0] not in heads.taken]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", "height", "width", 3])
    turned = helper.make_node("Transpose", ["pixels"], ["turned"], perm=[0, 3, 1, 2])
    floats = helper.make_node("Cast", ["turned"], [planes.name], to=TensorProto.FLOAT)
    outputs = [
        helper.make_tensor_value_info(f"{kind}_{stride}", TensorProto.FLOAT, ["batch", channels, None, None])
        for kind, channels in (("sure", SURE), ("place", 14))
        for stride in STRIDES
    ]
    nodes = [turned, floats, *body, *(node for nodes in merged for node in nodes)]
    used = {name for node in nodes for name in node.input}
    constants = [*(tensor for tensor in graph.initializer if tensor.name in used), *heads.constants]
    plain = helper.make_graph(nodes, graph.name, [pixels], outputs, constants)
    return helper.make_model(plain, opset_imports=list(model.opset_import), ir_version=model.ir_version)


class _Heads:
    """Finds each head's two convolutions behind its output, and puts those of one stride together.

    taken: names of what only the heads of before made. constants: the weights of the new ones.
    """

    def __init__(self, graph: "onnx.GraphProto") -> None:
        from onnx import numpy_helper

        self.taken: set[str] = set()
        self.constants: list[Any] = []
        self._makers = {node.output[0]: node for node in graph.node}
        self._values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}

    def merged(self, stride: int) -> "list[onnx.NodeProto]":
        """The nodes from the features of a stride to its two outputs."""
        from onnx import helper

        pointwise, depthwise = zip(*(self._convolutions(f"{head}_{stride}") for head in HEADS), strict=True)
        count = sum(len(self._values[node.input[1]]) for node in depthwise)
        mixed, both = f"mixed_{stride}", f"head_{stride}"
        parts = [f"logit_{stride}", f"place_{stride}"]
        sizes = self._constant(f"sizes_{stride}", np.array([SURE, count - SURE], np.int64))
        return [
            helper.make_node("Conv", [pointwise[0].input[0], *self._weights(mixed, pointwise)], [mixed]),
            helper.make_node("Conv", [mixed, *self._weights(both, depthwise)], [both], group=count, pads=[1] * 4),
            helper.make_node("Split", [both, sizes], parts, axis=1),
            helper.make_node("Sigmoid", parts[:1], [f"sure_{stride}"]),
        ]

    def _convolutions(self, output: str) -> "tuple[onnx.NodeProto, onnx.NodeProto]":
        """The pointwise and the depthwise convolution behind an output; all from there on is taken."""
        found: list[Any] = []
        name = output
        while len(found) < 2:
            node = self._makers[name]
            self.taken.add(name)
            found += [node] if node.op_type == "Conv" else []
            name = node.input[0]
        return found[1], found[0]

    def _weights(self, name: str, nodes: "tuple[onnx.NodeProto, ...]") -> list[str]:
        kernels, biases = ([self._values[node.input[place]] for node in nodes] for place in (1, 2))
        return [
            self._constant(f"{name}_kernel", np.concatenate(kernels)),
            self._constant(f"{name}_bias", np.concatenate(biases)),
        ]

    def _constant(self, name: str, values: "np.typing.NDArray[Any]") -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name
