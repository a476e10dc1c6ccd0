"""dlib's face network, read from dlib's own .dat file into ONNX, and run over fifteen times as fast as dlib does.

The file: integers are a byte of length and sign, then little-endian bytes; a tensor is version 2, four sizes, then
raw little-endian float32. Layers stand from input to output behind their names, each name behind its length.
Convolutions and pools with a stride over 1 have no padding. A residual addition fills the smaller side with zeros,
in channels and at the far edges. Input is RGB, less a mean for each channel, over 256 (dlib: input_rgb_image_sized).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition.networks.alignment import DlibAlignment
from matcher.recognition.networks.graph import Graph
from matcher.recognition.networks.graph_cache import graph_of
from matcher.recognition.networks.session import Session
from matcher.recognition.registry import DLIB_NETWORK

if TYPE_CHECKING:
    import onnx

Floats = NDArray[np.float32]

SIDE = 150
_MEAN = np.array([122.782, 117.001, 104.298])
_SCALE = 256
_NAME = re.compile(rb"\x01[\x04\x05\x07-\x0a](con_4|affine_|relu_|max_pool_2|avg_pool_2|add_prev_|fc_2)")


class DlibNetwork:
    """The second embedder. Safe to call from several threads at once."""

    def __init__(self, *, threads: int = 1) -> None:
        self.alignment = DlibAlignment()
        self._session = Session(graph_of(DLIB_NETWORK, network), threads=threads)

    def embed(self, chips: Sequence[Image]) -> Floats:
        """(n, 128) vectors of n chips, each (150, 150, 3) RGB."""
        if not chips:
            return np.empty((0, DLIB_NETWORK.dimension), np.float32)
        return self._session.run(np.stack(chips))[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One layer of the file. numbers: the whole ones it is described by. weights: flat, empty where it has none."""

    name: str
    numbers: tuple[int, ...]
    weights: Floats


def layers(data: bytes) -> Iterator[Layer]:
    """The layers of a .dat file of dlib's face network, from input to output."""
    place = 0
    while found := _NAME.search(data, place):
        name, place = found[1].decode(), found.end()
        numbers: list[int] = []
        weights = np.empty(0, np.float32)
        if name == "fc_2":
            numbers, place = _integers(data, place, 2)
        if name in {"con_4", "affine_", "fc_2"}:
            weights, place = _tensor(data, place)
        if name == "con_4":
            numbers, place = _integers(data, place, 7)
        if name in {"max_pool_2", "avg_pool_2"}:
            numbers, place = _integers(data, place, 6)
        yield Layer(name=name, numbers=tuple(numbers), weights=weights)


def _integers(data: bytes, place: int, count: int) -> tuple[list[int], int]:
    numbers = []
    for _ in range(count):
        length, negative = data[place] & 0x0F, data[place] & 0x80
        number = int.from_bytes(data[place + 1 : place + 1 + length], "little")
        numbers.append(-number if negative else number)
        place += 1 + length
    return numbers, place


def _tensor(data: bytes, place: int) -> tuple[Floats, int]:
    (_, *sizes), place = _integers(data, place, 5)
    count = int(np.prod(sizes))
    return np.frombuffer(data, "<f4", count, place), place + 4 * count


def network(data: bytes) -> "onnx.ModelProto":
    """The ONNX form of a .dat file of dlib's face network: (batch, 150, 150, 3) uint8 RGB in, (batch, 128) out."""
    graph = _Layers()
    for layer in layers(data):
        graph.add(layer)
    return graph.model()


class _Layers:
    """An ONNX graph growing by one of dlib's layers after another. Padding is made explicit from known sizes."""

    def __init__(self) -> None:
        self._graph = Graph("dlib_face_recognition_resnet_model_v1", side=SIDE)
        self._node, self._constant = self._graph.node, self._graph.constant
        self._now = (self._graph.planes, 3, SIDE)
        self._block = self._now
        self._shortcut: tuple[str, int, int] | None = None

    def add(self, layer: Layer) -> None:
        """Appends the layer."""
        {
            "con_4": self._convolution,
            "affine_": self._affine,
            "relu_": self._relu,
            "max_pool_2": self._max_pool,
            "avg_pool_2": self._avg_pool,
            "add_prev_": self._residual,
            "fc_2": self._dense,
        }[layer.name](layer)

    def model(self) -> "onnx.ModelProto":
        """What has been put together."""
        return self._graph.model(self._now[0], DLIB_NETWORK.dimension)

    def _convolution(self, layer: Layer) -> None:
        filters, rows, columns, stride, _, padding, _ = layer.numbers
        name, channels, side = self._now
        kernel: NDArray[Any] = layer.weights[:-filters].reshape(filters, channels, rows, columns)
        bias: NDArray[Any] = layer.weights[-filters:]
        if name == self._graph.planes:
            # Nothing is padded here, so the input's mean and scale can go into the weights.
            kernel = kernel.astype(np.float64) / _SCALE
            bias = bias - (kernel * _MEAN[:, None, None]).sum(axis=(1, 2, 3))
        inputs = [name, self._constant(kernel), self._constant(bias)]
        made = self._node("Conv", inputs, strides=[stride, stride], pads=[padding] * 4)
        self._now = (made, filters, 1 + (side + 2 * padding - rows) // stride)

    def _affine(self, layer: Layer) -> None:
        name, channels, side = self._now
        gamma, beta = layer.weights.reshape(2, channels, 1, 1)
        scaled = self._node("Mul", [name, self._constant(gamma[None])])
        self._now = (self._node("Add", [scaled, self._constant(beta[None])]), channels, side)

    def _relu(self, _: Layer) -> None:
        name, channels, side = self._now
        if self._now != self._block:
            self._now = (self._node("Relu", [name]), channels, side)

    def _max_pool(self, layer: Layer) -> None:
        self._now = self._block = self._pool("MaxPool", layer, self._now)

    def _avg_pool(self, layer: Layer) -> None:
        if layer.numbers[0] == 0:  # over the whole picture
            self._now = (self._node("GlobalAveragePool", [self._now[0]]), self._now[1], 1)
        else:
            self._shortcut = self._pool("AveragePool", layer, self._block)

    def _pool(self, kind: str, layer: Layer, source: tuple[str, int, int]) -> tuple[str, int, int]:
        rows, _, stride, *_ = layer.numbers
        name, channels, side = source
        made = self._node(kind, [name], kernel_shape=[rows, rows], strides=[stride, stride])
        return made, channels, 1 + (side - rows) // stride

    def _residual(self, _: Layer) -> None:
        one, other = self._now, self._shortcut or self._block
        channels, side = max(one[1], other[1]), max(one[2], other[2])
        added = self._node("Add", [self._filled(one, channels, side), self._filled(other, channels, side)])
        # The relu that follows in the file comes with it, for the next block begins behind that.
        self._now = self._block = (self._node("Relu", [added]), channels, side)
        self._shortcut = None

    def _filled(self, what: tuple[str, int, int], channels: int, side: int) -> str:
        name, own_channels, own_side = what
        if (own_channels, own_side) == (channels, side):
            return name
        if (2 * own_channels, own_side) == (channels, side):
            # Zeros that a convolution makes are in the convolutions' own layout; a Pad costs two reorderings.
            nothing = self._constant(np.zeros((own_channels, 1, 1, 1)))
            zeros = self._node("Conv", [name, nothing], kernel_shape=[1, 1], group=own_channels)
            return self._node("Concat", [name, zeros], axis=1)
        more = [0, 0, 0, 0, 0, channels - own_channels, side - own_side, side - own_side]
        return self._node("Pad", [name, self._constant(np.array(more, np.int64))])

    def _dense(self, layer: Layer) -> None:
        outputs, inputs = layer.numbers
        flat = self._node("Flatten", [self._now[0]])
        self._now = (self._node("MatMul", [flat, self._constant(layer.weights.reshape(inputs, outputs))]), outputs, 1)
