"""Templates of a data set's samples: extracted once, on all cores, kept on disk, and gone on with after a break.

They are kept under `templates/` of the folder for results, by what extracted them, some hundred samples a file.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.extractor import Extractor, ServiceExtractor
from benchmarks.benchmark import Context
from benchmarks.datasets.dataset import Dataset, Sample
from benchmarks.errors import MeasurementError
from matcher.child_process import cores
from matcher.store.whole_file import write_whole

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

PART = 256
"""Samples a file: what a break may cost."""

JOB = 16
"""Samples that a process takes at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Templates:
    """Of n samples. found: (n,) whether a face was. quality: (n,) 0 to 1. vectors: (n, d) by embedder.

    Where none was found, quality and vectors are 0.
    """

    names: tuple[str, ...]
    found: NDArray[np.bool_]
    quality: Floats
    vectors: Mapping[str, Floats]

    def rows(self, names: Iterable[str]) -> Whole:
        """Where these samples stand."""
        places = {name: place for place, name in enumerate(self.names)}
        return np.array([places[name] for name in names], np.int64)

    def __add__(self, other: "Templates") -> "Templates":
        """Both, one behind the other."""
        return Templates(
            names=self.names + other.names,
            found=np.concatenate([self.found, other.found]),
            quality=np.concatenate([self.quality, other.quality]),
            vectors={name: np.concatenate([each, other.vectors[name]]) for name, each in self.vectors.items()},
        )

    @property
    def failed(self) -> tuple[str, ...]:
        """Samples in which no face was found."""
        return tuple(name for name, found in zip(self.names, self.found, strict=True) if not found)


def extract(dataset: Dataset, names: Iterable[str], context: Context, extractor: Extractor | None = None) -> Templates:
    """The templates of these samples, in their order; those that are not kept already are extracted and kept.

    extractor: None is what the service does. Raises MeasurementError if no face was found in any of them.
    """
    wanted = list(dict.fromkeys(names))
    extractor = extractor or ServiceExtractor()
    store = _Store(context.out / "templates" / f"{dataset.description.name}-{extractor.digest[:12]}")
    known = store.read()
    samples = dataset.samples()
    missing = [samples[name] for name in wanted if name not in known]
    if missing:
        with context.progress.step("extracting", total=len(missing)) as advance, _processes(extractor) as pool:
            extracted = _extracted(pool, missing)
            while part := list(islice(extracted, PART)):
                store.add(part)
                known |= {row.name: row for row in part}
                advance(len(part))
    rows = [known[name] for name in wanted]
    found = [row for row in rows if row.found]
    if not found:
        raise MeasurementError("No face was found in any picture.", remedy="Check the data set.")
    empty = {embedder: np.zeros_like(vector) for embedder, vector in found[0].vectors.items()}
    return Templates(
        names=tuple(wanted),
        found=np.array([row.found for row in rows]),
        quality=np.array([row.quality for row in rows], np.float32),
        vectors={name: np.stack([row.vectors.get(name, nothing) for row in rows]) for name, nothing in empty.items()},
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Row:
    """One sample. vectors: empty where no face was found."""

    name: str
    quality: float
    vectors: Mapping[str, Floats]

    @property
    def found(self) -> bool:
        return bool(self.vectors)


class _Store:
    """The folder of one data set and one choice of models. Each file is whole or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> dict[str, _Row]:
        """Everything kept."""
        rows: dict[str, _Row] = {}
        for path in sorted(self._folder.glob("*.npz")):
            with np.load(path, allow_pickle=False) as kept:
                vectors = {name.removeprefix("vectors-"): kept[name] for name in kept.files if "-" in name}
                for place, (name, found) in enumerate(zip(kept["names"].tolist(), kept["found"], strict=True)):
                    own = {embedder: matrix[place] for embedder, matrix in vectors.items()} if found else {}
                    rows[name] = _Row(name=name, quality=float(kept["quality"][place]), vectors=own)
        return rows

    def add(self, rows: Sequence[_Row]) -> None:
        """Writes one more file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        empty = {name: np.zeros_like(vector) for row in rows for name, vector in row.vectors.items()}
        names = np.array([row.name for row in rows])
        path = self._folder / f"{hashlib.sha256(chr(0).join(names.tolist()).encode()).hexdigest()[:16]}.npz"
        content = io.BytesIO()
        vectors: dict[str, Any] = {
            f"vectors-{name}": np.stack([row.vectors.get(name, nothing) for row in rows])
            for name, nothing in empty.items()
        }
        found, quality = [row.found for row in rows], [row.quality for row in rows]
        np.savez(content, names=names, found=found, quality=quality, **vectors)
        write_whole(path, content.getvalue())


_Pictures = Sequence[tuple[bytes, Floats | None]]
_Job = Sequence[tuple[str, _Pictures]]


def _extracted(pool: ProcessPoolExecutor, samples: Sequence[Sample]) -> Iterator[_Row]:
    """In order. No more jobs are waiting than keep all processes busy, for each holds its pictures."""
    waiting: list[Future[list[_Row]]] = []
    left = iter(samples)
    while True:
        while len(waiting) < 2 * cores() and (taken := list(islice(left, JOB))):
            job = [(one.name, [(picture.read(), picture.landmarks) for picture in one.pictures]) for one in taken]
            waiting.append(pool.submit(_rows, job))
        if not waiting:
            return
        yield from waiting.pop(0).result()


@contextmanager
def _processes(extractor: Extractor) -> Iterator[ProcessPoolExecutor]:
    """One a core, each with models of its own on one thread."""
    pool = ProcessPoolExecutor(cores(), mp_context=get_context("spawn"), initializer=_load, initargs=(extractor,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """What a process keeps between its jobs."""

    extractor: Extractor


def _load(extractor: Extractor) -> None:
    extractor.load()
    _Worker.extractor = extractor


def _rows(job: _Job) -> list[_Row]:
    return [_row(name, pictures) for name, pictures in job]


def _row(name: str, pictures: _Pictures) -> _Row:
    """A sample of several pictures has the mean of their vectors; the caller brings those of angles to length 1."""
    found = [one for picture in pictures if (one := _Worker.extractor.extract(*picture)) is not None]
    if not found:
        return _Row(name=name, quality=0.0, vectors={})
    vectors = {embedder: np.mean([one.vectors[embedder] for one in found], axis=0) for embedder in found[0].vectors}
    return _Row(name=name, quality=float(np.mean([one.quality for one in found])), vectors=vectors)
