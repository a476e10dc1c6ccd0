"""Templates of a data set's samples: extracted once, on all cores, kept on disk, and gone on with after a break.

They are kept under `templates/` of the folder for results, by the model that made them, some hundred samples a file.
"""

import hashlib
import io
import math
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

from benchmarks.accuracy.model import Model, ModelEmbedder
from benchmarks.benchmark import Context
from benchmarks.datasets.dataset import Dataset, Sample
from benchmarks.errors import MeasurementError
from matcher.child_process import cores
from matcher.recognition.face import Box, Face, Image
from matcher.recognition.image import decode_image
from matcher.recognition.pipeline import OnnxRecogniser, load_recogniser
from matcher.recognition.registry import model_digest
from matcher.recognition.sface import unit
from matcher.store.whole_file import write_whole

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

PART = 256
"""Samples a file: what a break may cost."""

JOB = 16
"""Samples that a process takes at once."""

SFACE, DLIB = "sface", "dlib"


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

    @property
    def failed(self) -> tuple[str, ...]:
        """Samples in which no face was found."""
        return tuple(name for name, found in zip(self.names, self.found, strict=True) if not found)


def extract(dataset: Dataset, names: Iterable[str], context: Context, models: Sequence[Model] = ()) -> Templates:
    """The templates of these samples, in their order; those that are not kept already are extracted and kept.

    Raises MeasurementError if no face was found in any of them.
    """
    wanted = list(dict.fromkeys(names))
    store = _Store(context.out / "templates" / f"{dataset.description.name}-{_digest(models)[:12]}")
    known = store.read()
    samples = dataset.samples()
    missing = [samples[name] for name in wanted if name not in known]
    if missing:
        with context.progress.step("extracting", total=len(missing)) as advance, _processes(models) as pool:
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


def middle_face(image: Image, faces: Sequence[Face]) -> Face:
    """The face nearest to the middle: pictures of such sets are cut around the person they name."""
    height, width = image.shape[:2]

    def distance(face: Face) -> float:
        box = face.box
        return math.hypot(box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2)

    return min(faces, key=distance)


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


def _digest(models: Sequence[Model]) -> str:
    return hashlib.sha256(" ".join([model_digest(), *(model.sha256 for model in models)]).encode()).hexdigest()


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
def _processes(models: Sequence[Model]) -> Iterator[ProcessPoolExecutor]:
    """One a core, each with models of its own on one thread."""
    pool = ProcessPoolExecutor(cores(), mp_context=get_context("spawn"), initializer=_load, initargs=(tuple(models),))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """What a process keeps between its jobs."""

    recogniser: OnnxRecogniser
    embedders: Mapping[str, ModelEmbedder]


def _load(models: Sequence[Model]) -> None:
    _Worker.recogniser = load_recogniser(eager=True)
    _Worker.embedders = {model.name: ModelEmbedder(model) for model in models}


def _rows(job: _Job) -> list[_Row]:
    return [_row(name, pictures) for name, pictures in job]


def _row(name: str, pictures: _Pictures) -> _Row:
    """A sample of several pictures has the mean of their vectors."""
    seen = [one for data, landmarks in pictures if (one := _seen(data, landmarks)) is not None]
    if not seen:
        return _Row(name=name, quality=0.0, vectors={})
    images, faces = [image for image, _ in seen], [face for _, face in seen]
    recogniser = _Worker.recogniser
    templates = recogniser.extract(images, faces)
    vectors = {
        SFACE: unit(np.mean([template.sface for template in templates], axis=0)),
        DLIB: np.mean([template.dlib for template in templates], axis=0),
    }
    upright = recogniser.refine(images, faces) if _Worker.embedders else []
    for embedder, model in _Worker.embedders.items():
        vectors[embedder] = unit(model.embed(images, upright).mean(axis=0))
    quality = [one.score for one in recogniser.assess(images, faces)]
    return _Row(name=name, quality=float(np.mean(quality)), vectors=vectors)


def _seen(data: bytes, landmarks: Floats | None) -> tuple[Image, Face] | None:
    image = decode_image(data)
    if landmarks is not None:
        (left, top), (right, bottom) = landmarks.min(axis=0), landmarks.max(axis=0)
        box = Box(x=float(left), y=float(top), width=float(right - left), height=float(bottom - top))
        return image, Face(box=box, landmarks=landmarks, score=1.0)
    faces = _Worker.recogniser.detect([image])[0]
    return (image, middle_face(image, faces)) if faces else None
