"""An ONNX graph being put together, from pixels on."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx


class Graph:
    """Nodes and constants, each named when it is added. It begins with a batch of square uint8 pictures.

    Pixels come as they lie in memory, (batch, side, side, 3): one byte each to copy, and the network's own first
    nodes turn them into planes of floats, several times as fast as NumPy would.
    """

    def __init__(self, name: str, *, side: int) -> None:
        from onnx import TensorProto, helper

        self._name = name
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._input = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", side, side, 3])
        planes = self.node("Transpose", ["pixels"], perm=[0, 3, 1, 2])
        self.planes = self.node("Cast", [planes], to=TensorProto.FLOAT)

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        """Appends a node with one output, and gives that output's name."""
        from onnx import helper

        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values: NDArray[Any]) -> str:
        """The name under which nodes may have these values; floats become float32."""
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        kept = values.astype(np.float32, copy=False) if np.issubdtype(values.dtype, np.floating) else values
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(kept), name))
        return name

    def model(self, output: str, dimension: int) -> "onnx.ModelProto":
        """What has been put together, with one (batch, dimension) output."""
        from onnx import TensorProto, helper

        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", dimension])
        graph = helper.make_graph(self._nodes, self._name, [self._input], [result], self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
