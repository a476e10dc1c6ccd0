"""The ONNX graphs that networks are converted to, kept in files: each is made once and not by every process.

A file's name ends with two digests: of what the graph was made from and by, and of the file itself. A file that is cut
short, changed, or made by another version of the conversion is therefore not used.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.folder.whole_file import write_whole
from matcher.recognition.networks.weights import read
from matcher.recognition.registry import Model

if TYPE_CHECKING:
    import onnx

_SHOWN = 32
"""Hex digits of the first digest that stand in a name."""


def graph_of(model: Model, convert: Callable[[bytes], "onnx.ModelProto"]) -> bytes:
    """The serialised graph that `convert` makes of the model's file, from the cache if it is there.

    Where the cache cannot be written, as in a confined process, the graph is made all the same. Raises ModelError.
    """
    folder, made_of = cache_folder(), f"{model.name}-{_source(model)}-"
    with suppress(OSError):
        if _trusted(folder):
            for path in folder.glob(f"{made_of}*.onnx"):
                data = path.read_bytes()
                if path.stem == made_of + hashlib.sha256(data).hexdigest():
                    return data
    made: bytes = convert(read(model)).SerializeToString()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _trusted(folder):
            kept = folder / f"{made_of}{hashlib.sha256(made).hexdigest()}.onnx"
            write_whole(kept, made, mode=0o600)
            for path in folder.glob(f"{model.name}-*"):
                if path != kept:
                    path.unlink(missing_ok=True)
    return made


def cache_folder() -> Path:
    """Where the files are: `clearglass/networks` in the user's cache folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "clearglass" / "networks"


def _trusted(folder: Path) -> bool:
    """Whether nobody else may have put a file there: it is this user's or root's, and nobody else may write."""
    status = folder.stat()
    return status.st_uid in {os.geteuid(), 0} and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _source(model: Model) -> str:
    """Digest of the model's own digest and of the code that converts."""
    return hashlib.sha256(f"{model.sha256} {converter_digest()}".encode()).hexdigest()[:_SHOWN]


@cache
def converter_digest() -> str:
    """Digest of the modules beside this one, among which those are that convert."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in modules)).hexdigest()
