"""InsightFace's `.bin` files, in which CFP-FP, AgeDB-30, CALFW and CPLFW are usually distributed.

One pickle of two lists: pictures as JPEG or PNG bytes, of which the first and second make a pair, the third and fourth
another; and for each pair whether it is mated. Ten folds of equal length in that order. People are not named.
The pictures are faces of 112×112 already cut to ArcFace's template, so their landmarks are known: `SFACE_POINTS`.

A pickle is a program. This one is run without any function or class to call: what numpy put in is read by stand-ins,
and everything else is refused. Files of Python 2 are read too.
"""

import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import numpy as np

from benchmarks.datasets.dataset import Description, Picture, Sample, Searches, Trial
from benchmarks.datasets.disk import existing_file
from benchmarks.harness.errors import DatasetError
from matcher.recognition.networks.alignment import SFACE_POINTS

FOLDS = 10

_BOOLS = frozenset({"b1", "bool", "?"})
_BYTES = frozenset({"u1", "uint8", "B"})

CFP_FP = Description(
    name="cfp-fp",
    title="Celebrities in Frontal-Profile in the Wild, frontal to profile",
    terms="For research, not for commerce. Pictures from the web; nobody was asked.",
    source="Sengupta et al.: Frontal to profile face verification in the wild, WACV 2016; as packed by InsightFace",
    counts={"pictures": 14_000, "mated": 3_500, "non-mated": 3_500},
)
AGEDB_30 = Description(
    name="agedb-30",
    title="AgeDB, pairs thirty years apart",
    terms="For research, not for commerce. Pictures from the web; nobody was asked.",
    source="Moschoglou et al.: AgeDB, CVPR Workshops 2017; as packed by InsightFace",
    counts={"pictures": 12_000, "mated": 3_000, "non-mated": 3_000},
)
CALFW = Description(
    name="calfw",
    title="Cross-Age LFW",
    terms="For research. Pictures from the web; nobody was asked.",
    source="Zheng, Deng, Hu: Cross-Age LFW, arXiv:1708.08197, 2017; as packed by InsightFace",
    counts={"pictures": 12_000, "mated": 3_000, "non-mated": 3_000},
)
CPLFW = Description(
    name="cplfw",
    title="Cross-Pose LFW",
    terms="For research. Pictures from the web; nobody was asked.",
    source="Zheng, Deng: Cross-Pose LFW, Beijing University of Posts and Telecommunications, Technical Report 18-01, "
    "2018; as packed by InsightFace",
    counts={"pictures": 12_000, "mated": 3_000, "non-mated": 3_000},
)


class InsightfaceBin:
    """One such file. DataMissingError if it is missing; its content is read on access."""

    def __init__(self, path: Path, description: Description) -> None:
        self._path = existing_file(path, what=f"InsightFace's file of {description.title}")
        self._description = description

    @property
    def description(self) -> Description:
        """Its name, terms and what a complete copy has."""
        return self._description

    def samples(self) -> Mapping[str, Sample]:
        """Each picture by its place in the file, from 000000, without a subject. Raises DatasetError."""
        return self._samples

    def trials(self) -> Sequence[Trial]:
        """Pictures 2i and 2i + 1, in ten folds. Raises DatasetError."""
        _, mated = self._content
        return tuple(
            Trial(probe=_name(2 * index), reference=_name(2 * index + 1), mated=same, fold=index * FOLDS // len(mated))
            for index, same in enumerate(mated)
        )

    def searches(self) -> Sequence[Searches]:
        """None: people are not named."""
        return ()

    @cached_property
    def _samples(self) -> Mapping[str, Sample]:
        pictures, _ = self._content
        return {_name(index): _sample(_name(index), picture) for index, picture in enumerate(pictures)}

    @cached_property
    def _content(self) -> tuple[list[bytes], list[bool]]:
        content = _unpickled(self._path)
        if not (isinstance(content, (list, tuple)) and len(content) == 2):
            raise _wrong(self._path, "it is no pair of two lists")
        pictures, mated = (_items(self._path, part) for part in content)
        checked = [_picture(self._path, index, item) for index, item in enumerate(pictures)]
        truths = [_truth(self._path, index, item) for index, item in enumerate(mated)]
        if len(checked) != 2 * len(truths):
            raise _wrong(self._path, f"{len(checked)} pictures do not make {len(truths)} pairs")
        return checked, truths


@dataclass(eq=False)
class _Dtype:
    """Stands in for a numpy dtype: remembers its name."""

    name: str = ""

    def __setstate__(self, state: object) -> None:
        """Byte order and the like, which single bytes do not have."""


@dataclass(eq=False)
class _Array:
    """Stands in for a numpy array: keeps its bytes and their type."""

    dtype: object = None
    raw: object = b""

    def __setstate__(self, state: object) -> None:
        """(version, shape, dtype, whether in Fortran's order, bytes)."""
        if not (isinstance(state, tuple) and len(state) == 5):
            raise pickle.UnpicklingError("an array without its five parts")
        self.dtype, self.raw = state[2], state[4]


def _dtype(name: object = "", *_: object) -> _Dtype:
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    return _Dtype(name=text.lstrip("|<>="))


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _from_buffer(raw: object, dtype: object, *_: object) -> _Array:
    return _Array(dtype=dtype, raw=raw)


def _scalar(dtype: object, raw: object) -> bool:
    if not (isinstance(dtype, _Dtype) and dtype.name in _BOOLS and isinstance(raw, bytes) and len(raw) == 1):
        raise pickle.UnpicklingError("a number that is neither true nor false")
    return raw != b"\0"


def _encoded(text: object, encoding: object = "") -> bytes:
    """How Python 3 writes bytes into a pickle that Python 2 can read."""
    if not (isinstance(text, str) and encoding in ("latin1", b"latin1")):
        raise pickle.UnpicklingError("bytes in an unknown coding")
    return text.encode("latin-1")


def _not_called(*_: object) -> NoReturn:
    raise pickle.UnpicklingError("an array made in an unknown way")


class _StandIn:
    """A function that a pickle can call and nothing else: pickles can set attributes of what they find."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *arguments: object) -> object:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        """Refuses."""
        raise pickle.UnpicklingError("it would change what reads it")


_STAND_INS: Mapping[tuple[str, str], _StandIn] = {
    ("_codecs", "encode"): _StandIn(_encoded),
    ("numpy", "ndarray"): _StandIn(_not_called),
    ("numpy", "dtype"): _StandIn(_dtype),
    **{
        (f"numpy.{core}.{module}", name): _StandIn(stand_in)
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}


class _Unpickler(pickle.Unpickler):
    """Finds only the stand-ins, for any name in a pickle."""

    def find_class(self, module: str, name: str, /) -> _StandIn:
        """A stand-in. Raises UnpicklingError for every other name; nothing is ever imported."""
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which pictures and pairs do not need")
        return _STAND_INS[module, name]


def _unpickled(path: Path) -> object:
    try:
        return _Unpickler(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    # The errors of unpickling a file that is no pickle.
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        MemoryError,
        ImportError,
    ) as error:
        raise _wrong(path, str(error) or type(error).__name__) from error


def _items(path: Path, part: object) -> Sequence[object]:
    if isinstance(part, (list, tuple)):
        return part
    if isinstance(part, _Array) and _is(part, _BOOLS):
        return [byte != 0 for byte in _raw(path, part)]
    raise _wrong(path, "it is no pair of two lists")


def _picture(path: Path, index: int, item: object) -> bytes:
    if isinstance(item, _Array) and _is(item, _BYTES):
        item = _raw(path, item)
    if not isinstance(item, bytes) or not item:
        raise _wrong(path, f"picture {index} is {type(item).__name__.strip('_')} and not bytes")
    return item


def _truth(path: Path, index: int, item: object) -> bool:
    if not isinstance(item, bool) and not (isinstance(item, int) and item in (0, 1)):
        raise _wrong(path, f"pair {index} is neither mated nor non-mated")
    return bool(item)


def _is(array: _Array, names: frozenset[str]) -> bool:
    return isinstance(array.dtype, _Dtype) and array.dtype.name in names


def _raw(path: Path, array: _Array) -> bytes:
    if not isinstance(array.raw, (bytes, bytearray)):
        raise _wrong(path, "an array without its bytes")
    return bytes(array.raw)


def _wrong(path: Path, what: str) -> DatasetError:
    return DatasetError(
        f"{path} is no InsightFace file of pictures and pairs: {what[:200]}.",
        remedy="Get the file again from where InsightFace publishes it, and open no pickle from elsewhere.",
    )


def _name(index: int) -> str:
    return f"{index:06d}"


def _sample(name: str, picture: bytes) -> Sample:
    landmarks = SFACE_POINTS.astype(np.float32)
    return Sample(name=name, pictures=(Picture(name=name, read=lambda: picture, landmarks=landmarks),))
