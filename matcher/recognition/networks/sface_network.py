"""Rebuilds SFace's network for ONNX Runtime's kernels: it computes the same function in less than half the time.

The file is a MobileNet: convolutions, each followed by a batch normalisation and a PReLU, then one dense layer between
two more normalisations. If the file is run unchanged, the PReLUs take over half of the time: their kernel branches for
each number, and each needs two changes of the memory layout. So the normalisations and the scaling of the input are
folded into the weights, in float64, and a PReLU of slope a ≤ 1 becomes x + max(0, (a - 1) x), by operators that support
the convolutions' layout. A PReLU p_a of slope a > 1 is computed by p_a(x) = -p_(1/a)(-a x): the factor -a is folded
into the convolution before it, the factor -1 into the layer after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from matcher.recognition.networks.folding import folded
from matcher.recognition.networks.graph import Graph
from matcher.recognition.registry import SFACE

if TYPE_CHECKING:
    import onnx

Exact = NDArray[np.float64]
Constants = Mapping[str, NDArray[np.float32]]

SIDE = 112


@dataclass(frozen=True, kw_only=True, eq=False)
class _Layer:
    """A convolution with its normalisation folded in. kernel: (n, channels or 1, rows, columns). bias, slopes: (n,)."""

    kernel: Exact
    bias: Exact
    slopes: Exact
    attributes: Mapping[str, Any]


def network(data: bytes) -> "onnx.ModelProto":
    """Returns the network of SFace's file: (batch, 112, 112, 3) uint8 BGR to (batch, 128) vectors, not normalised."""
    from onnx import numpy_helper

    plain = folded(data).graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in plain.initializer}
    graph = Graph("sface", side=SIDE)
    middle, scale = (values[node.input[1]] for node in plain.node[:2])
    # The subtraction of the middle is not folded: the convolution must pad with 0 after it, not before it.
    last, factors = graph.node("Sub", [graph.planes, graph.constant(middle)]), np.full(3, float(scale.item()))
    for place, layer in enumerate(_layers(plain.node, values)):
        kernel = layer.kernel if place else layer.kernel[:, ::-1]  # the file's network takes RGB
        last, factors = _convolution(graph, layer, kernel * _along(kernel, factors), last)
    return graph.model(_dense(graph, plain.node, values, last, factors), SFACE.dimension)


def _layers(nodes: "Sequence[onnx.NodeProto]", values: Constants) -> Iterator[_Layer]:
    from onnx import helper

    for conv, normal, prelu in zip(nodes, nodes[1:], nodes[2:], strict=False):
        if conv.op_type == "Conv":
            scale, shift = _affine(normal, values)
            yield _Layer(
                kernel=values[conv.input[1]] * scale[:, None, None, None],
                bias=shift,
                slopes=values[prelu.input[1]].reshape(-1).astype(np.float64),
                attributes={one.name: helper.get_attribute_value(one) for one in conv.attribute},
            )


def _affine(node: "onnx.NodeProto", values: Constants) -> tuple[Exact, Exact]:
    """Returns the factor and the summand of each channel in a batch normalisation."""
    gamma, beta, mean, variance = (values[name].astype(np.float64) for name in node.input[1:])
    (epsilon,) = (one.f for one in node.attribute if one.name == "epsilon")
    scale = gamma / np.sqrt(variance + epsilon)
    return scale, beta - mean * scale


def _along(kernel: Exact, factors: Exact) -> Exact:
    """Returns the factors of a layer's inputs in the shape that multiplies its kernel.

    In a depthwise layer each channel has one input.
    """
    return factors[:, None, None, None] if kernel.shape[1] == 1 else factors[:, None, None]


def _convolution(graph: Graph, layer: _Layer, kernel: Exact, inputs: str) -> tuple[str, Exact]:
    """Appends the convolution and its PReLU. Returns the output's name and the factors for the next layer's inputs."""
    steep = layer.slopes > 1
    factors, slopes = np.where(steep, [-layer.slopes, 1 / layer.slopes], [np.ones_like(layer.slopes), layer.slopes])
    weights = (graph.constant(kernel * factors[:, None, None, None]), graph.constant(layer.bias * factors))
    made = graph.node("Conv", [inputs, *weights], **layer.attributes)
    bent = graph.constant((slopes - 1)[:, None, None, None])
    below = graph.node("Conv", [made, bent], kernel_shape=[1, 1], group=len(slopes))
    return graph.node("Add", [made, graph.node("Relu", [below])]), np.where(steep, -1.0, 1.0)


def _dense(graph: Graph, nodes: "Sequence[onnx.NodeProto]", values: Constants, inputs: str, factors: Exact) -> str:
    """Appends the dense layer, with the normalisations before and after it folded in. Returns the output's name."""
    (gemm,) = (node for node in nodes if node.op_type == "Gemm")
    before, behind = [_affine(node, values) for node in nodes if node.op_type == "BatchNormalization"][-2:]
    weights, bias = (values[name] for name in gemm.input[1:])
    weights = weights.reshape(len(bias), len(factors), -1)
    bias = (bias + weights.sum(axis=2, dtype=np.float64) @ before[1]) * behind[0] + behind[1]
    # These are two thirds of all weights, so they stay in float32.
    weights = weights * (behind[0][:, None] * before[0] * factors).astype(np.float32)[:, :, None]
    flat = graph.node("Flatten", [inputs])
    return graph.node("Gemm", [flat, graph.constant(weights.reshape(len(bias), -1)), graph.constant(bias)], transB=1)
