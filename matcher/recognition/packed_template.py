"""A template as bytes: a header that names its vectors, and their numbers.

The header: CGT2, the number of vectors in one byte, and of each vector the length of its embedder's name in one byte,
the name in ASCII, and its dimension in two bytes, little-endian. The numbers: little-endian float32, one vector behind
the other. Before there was a header, a template was the numbers of SFace's and of dlib's vector, 128 each.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np

from matcher.recognition.template import Template

NUMBER = np.dtype("<f4")

Dimensions = tuple[tuple[str, int], ...]
"""Of vectors, with their embedders' names, in order."""

_MAGIC = b"CGT2"
_WITHOUT_HEADER: Dimensions = (("sface", 128), ("dlib", 128))
_COUNT, _LENGTH, _DIMENSION = struct.Struct("<B"), struct.Struct("<B"), struct.Struct("<H")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which numbers of a packed template are which. start, end: of all numbers, in bytes."""

    dimensions: Dimensions
    start: int

    @property
    def end(self) -> int:
        """Where the numbers end, and with them the packed template."""
        return self.start + NUMBER.itemsize * sum(dimension for _, dimension in self.dimensions)

    @classmethod
    def of(cls, packed: bytes) -> Self:
        """The layout of the template that the bytes begin with. Raises ValueError if they are too few."""
        layout = cls._named(packed) if packed.startswith(_MAGIC) else cls(dimensions=_WITHOUT_HEADER, start=0)
        if len(packed) < layout.end:
            raise ValueError(f"a packed template of {len(packed)} bytes, which needs {layout.end}")
        return layout

    @classmethod
    def _named(cls, packed: bytes) -> Self:
        try:
            (count,), place = _COUNT.unpack_from(packed, len(_MAGIC)), len(_MAGIC) + _COUNT.size
            dimensions = []
            for _ in range(count):
                (length,) = _LENGTH.unpack_from(packed, place)
                place += _LENGTH.size + length
                name = packed[place - length : place].decode("ascii")
                dimensions.append((name, int(_DIMENSION.unpack_from(packed, place)[0])))
                place += _DIMENSION.size
        except (struct.error, UnicodeDecodeError) as error:
            raise ValueError("a packed template with a broken header") from error
        return cls(dimensions=tuple(dimensions), start=place)


def packed(template: Template) -> bytes:
    """The template as bytes."""
    vectors = template.vectors
    header = _header(tuple((name, len(vector)) for name, vector in vectors.items()))
    return header + b"".join(vector.astype(NUMBER).tobytes() for vector in vectors.values())


def unpacked(data: bytes, model_digest: str) -> Template:
    """The template that the bytes begin with. Raises ValueError."""
    layout = Layout.of(data)
    vectors, place = {}, layout.start
    for name, dimension in layout.dimensions:
        vectors[name] = np.frombuffer(data, NUMBER, dimension, place).astype(np.float32)
        place += NUMBER.itemsize * dimension
    return Template(model_digest=model_digest, vectors=vectors)


def packed_numbers(data: bytes, dimensions: Mapping[str, int]) -> bytes:
    """The numbers of a packed template whose vectors are these, in this order. Raises ValueError if they are others.

    For millions of templates: a header that is as expected is not read.
    """
    wanted = tuple(dimensions.items())
    header = _header(wanted)
    if not data.startswith(header):
        layout = Layout.of(data)
        if layout.dimensions != wanted:
            raise ValueError(f"a packed template with the vectors {layout.dimensions}, where {wanted} are wanted")
        return data[layout.start : layout.end]
    return data[len(header) :]


@cache
def _header(dimensions: Dimensions) -> bytes:
    named = [
        _LENGTH.pack(len(name)) + name.encode("ascii") + _DIMENSION.pack(dimension) for name, dimension in dimensions
    ]
    return b"".join([_MAGIC, _COUNT.pack(len(named)), *named])
