"""Block-quantised ONNX networks made plain: int8 weights become float32 once, at load.

ONNX Runtime would otherwise turn them into floats again at every run, which doubles SFace's time.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]
_CHANNELS = 16


def folded(data: bytes, *, any_size: bool = False) -> "onnx.ModelProto":
    """The network in `data` with its DequantizeLinear nodes (and the reshapes after them) computed away.

    Weights are no longer among the graph's inputs. The first dimension of inputs and outputs is a batch of any length;
    with `any_size`, a picture's sides are free too.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(data)
    graph = model.graph
    constants: dict[str, Array] = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    kept = [node for node in graph.node if not _computed(node, constants)]
    used = {name for node in kept for name in node.input}
    inputs = [value for value in graph.input if value.name in used - constants.keys()]
    for value in [*inputs, *graph.output]:
        _free(value, sides=any_size)
    initializers = [
        numpy_helper.from_array(np.ascontiguousarray(constants[name]), name) for name in sorted(used & constants.keys())
    ]
    plain = onnx.helper.make_graph(kept, graph.name, inputs, list(graph.output), initializers)
    return onnx.helper.make_model(plain, opset_imports=list(model.opset_import), ir_version=model.ir_version)


def _computed(node: "onnx.NodeProto", constants: dict[str, Array]) -> bool:
    """Whether the node's output only depends on constants; if so it is now one of them."""
    if not all(name in constants for name in node.input):
        return False
    values = [constants[name] for name in node.input]
    if node.op_type == "DequantizeLinear":
        attributes = {attribute.name: attribute.i for attribute in node.attribute}
        constants[node.output[0]] = dequantized(*values, axis=attributes["axis"], block=attributes["block_size"])
    elif node.op_type == "Reshape":
        constants[node.output[0]] = values[0].reshape(values[1].astype(np.int64).tolist())
    else:
        return False
    return True


def dequantized(values: Array, scales: Array, zeros: Array, *, axis: int, block: int) -> NDArray[np.float32]:
    """(values - zeros) * scales, each scale and zero standing for `block` values along `axis` (ONNX, opset 21)."""
    length = values.shape[axis]
    rest = [(0, -length % block if place == axis else 0) for place in range(values.ndim)]
    padded = np.pad(values, rest) if length % block else values
    blocks = padded.reshape(*values.shape[:axis], -1, block, *values.shape[axis + 1 :]).astype(np.float32)
    blocks -= np.expand_dims(zeros.astype(np.float32), axis + 1)
    blocks *= np.expand_dims(scales.astype(np.float32), axis + 1)
    whole: NDArray[np.float32] = blocks.reshape(padded.shape)
    return whole[(slice(None),) * axis + (slice(length),)]


def _free(value: "onnx.ValueInfoProto", *, sides: bool) -> None:
    """Lets the first dimension be anything, and with `sides` every other that is not a number of channels."""
    dimensions = value.type.tensor_type.shape.dim
    dimensions[0].dim_param = "batch"
    for place, dimension in enumerate(dimensions):
        if sides and place > 0 and dimension.dim_value > _CHANNELS:
            dimension.dim_param = f"{value.name}_{place}"
