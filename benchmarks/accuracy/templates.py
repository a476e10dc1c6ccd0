"""Templates of a data set's samples: extracted once, on all cores, stored on disk, and continued after an interruption.
They are stored under `templates/` of the folder for results, by their extractor, some hundred samples a file.
"""

import hashlib
import io
import time
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

from benchmarks.accuracy.extractor import Extracted, Extractor, ServiceExtractor
from benchmarks.datasets.dataset import Dataset, Sample
from benchmarks.harness.benchmark import Context
from benchmarks.harness.errors import MeasurementError
from matcher.folder.whole_file import write_whole
from matcher.process.child_process import cores
from matcher.recognition.image import ImageBrokenError, ImageFormatError, ImageTooLargeError

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

PART = 256
"""Samples a file: the most that an interruption loses."""

JOB = 16
"""Samples that a process takes at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Templates:
    """The templates of n samples. found: (n,) true if a face was found. quality: (n,) 0 to 1. vectors: (n, d) by
    embedder.

    Where none was found, quality and vectors are 0.
    """

    names: tuple[str, ...]
    found: NDArray[np.bool_]
    quality: Floats
    vectors: Mapping[str, Floats]

    def rows(self, names: Iterable[str]) -> Whole:
        """The positions of these samples."""
        places = {name: place for place, name in enumerate(self.names)}
        return np.array([places[name] for name in names], np.int64)

    def __add__(self, other: "Templates") -> "Templates":
        """The concatenation of both."""
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
    """The templates of these samples, in their order; those that are not stored yet are extracted and stored.
    extractor: None: the service's. Raises MeasurementError if no face was found in any of them.
    """
    extractor = extractor or ServiceExtractor()
    store = _Store(context.out / "templates" / f"{dataset.description.name}-{extractor.digest[:12]}")
    known = store.read()
    samples = dataset.samples()
    wanted = {name: _fingerprint(samples[name]) for name in dict.fromkeys(names)}
    missing = [
        samples[name] for name, bytes_of in wanted.items() if name not in known or known[name].fingerprint != bytes_of
    ]
    if missing:
        with context.progress.step("extracting", total=len(missing)) as advance, _processes(extractor) as pool:
            extracted = _extracted(pool, missing, wanted)
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
    """One sample. fingerprint: of its pictures' bytes. vectors: empty where no face was found."""

    name: str
    fingerprint: str
    quality: float
    vectors: Mapping[str, Floats]

    @property
    def found(self) -> bool:
        return bool(self.vectors)


class _Store:
    """The folder of one data set and one choice of models. Files are written atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> dict[str, _Row]:
        """Everything kept."""
        rows: dict[str, _Row] = {}
        for path in sorted(self._folder.glob("*.npz")):
            with np.load(path, allow_pickle=False) as kept:
                vectors = {name.removeprefix("vectors-"): kept[name] for name in kept.files if "-" in name}
                for place, (name, found) in enumerate(zip(kept["names"].tolist(), kept["found"], strict=True)):
                    rows[name] = _Row(
                        name=name,
                        fingerprint=str(kept["fingerprints"][place]),
                        quality=float(kept["quality"][place]),
                        vectors={embedder: matrix[place] for embedder, matrix in vectors.items()} if found else {},
                    )
        return rows

    def add(self, rows: Sequence[_Row]) -> None:
        """Writes one more file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        empty = {name: np.zeros_like(vector) for row in rows for name, vector in row.vectors.items()}
        names, fingerprints = ([getattr(row, what) for row in rows] for what in ("name", "fingerprint"))
        path = self._folder / f"{time.time_ns()}-{hashlib.sha256(chr(0).join(names).encode()).hexdigest()[:8]}.npz"
        content = io.BytesIO()
        vectors: dict[str, Any] = {
            f"vectors-{name}": np.stack([row.vectors.get(name, nothing) for row in rows])
            for name, nothing in empty.items()
        }
        found, quality = [row.found for row in rows], [row.quality for row in rows]
        np.savez(content, names=names, fingerprints=fingerprints, found=found, quality=quality, **vectors)
        write_whole(path, content.getvalue())


_Pictures = Sequence[tuple[str, bytes, Floats | None]]
"""The medium, bytes and known landmarks of each of a sample's pictures."""

_Job = Sequence[tuple[str, str, _Pictures]]
"""The name, fingerprint and pictures of each sample."""


def _fingerprint(sample: Sample) -> str:
    """A fingerprint, which distinguishes pictures with the same name in other copies."""
    digest = hashlib.blake2b(digest_size=8)
    for picture in sample.pictures:
        digest.update(picture.read())
    return digest.hexdigest()


def _extracted(pool: ProcessPoolExecutor, samples: Sequence[Sample], fingerprints: Mapping[str, str]) -> Iterator[_Row]:
    """The results in order. Only as many jobs wait as keep all processes busy, because each holds its pictures."""
    waiting: list[Future[list[_Row]]] = []
    left = iter(samples)
    while True:
        while len(waiting) < 2 * cores() and (taken := list(islice(left, JOB))):
            waiting.append(pool.submit(_rows, [(one.name, fingerprints[one.name], _pictures(one)) for one in taken]))
        if not waiting:
            return
        yield from waiting.pop(0).result()


def _pictures(sample: Sample) -> _Pictures:
    return [(picture.medium, picture.read(), picture.landmarks) for picture in sample.pictures]


@contextmanager
def _processes(extractor: Extractor) -> Iterator[ProcessPoolExecutor]:
    """One a core, each with models of its own on one thread."""
    pool = ProcessPoolExecutor(cores(), mp_context=get_context("spawn"), initializer=_load, initargs=(extractor,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """The state that a process keeps between its jobs."""

    extractor: Extractor


def _load(extractor: Extractor) -> None:
    extractor.load()
    _Worker.extractor = extractor


def _rows(job: _Job) -> list[_Row]:
    return [_row(*sample) for sample in job]


def _row(name: str, fingerprint: str, pictures: _Pictures) -> _Row:
    """A sample of several pictures has the mean of their vectors, with equal weight for each medium, as IJB
    requires."""
    media: dict[str, list[Extracted]] = {}
    for place, (medium, data, landmarks) in enumerate(pictures):
        if (one := _extracted_of(data, landmarks)) is not None:
            media.setdefault(medium or str(place), []).append(one)
    if not media:
        return _Row(name=name, fingerprint=fingerprint, quality=0.0, vectors={})
    voices = [_mean([one.vectors for one in each]) for each in media.values()]
    quality = float(np.mean([one.quality for each in media.values() for one in each]))
    return _Row(name=name, fingerprint=fingerprint, quality=quality, vectors=_mean(voices))


def _mean(each: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    return {embedder: np.mean([one[embedder] for one in each], axis=0) for embedder in each[0]}


def _extracted_of(data: bytes, landmarks: Floats | None) -> Extracted | None:
    """A picture that cannot be decoded is a failure to acquire, as one without a face is (ISO/IEC 19795-1)."""
    try:
        return _Worker.extractor.extract(data, landmarks)
    except (ImageBrokenError, ImageFormatError, ImageTooLargeError):
        return None
