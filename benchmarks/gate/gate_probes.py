"""Pictures degraded in every kind and handed in as uploads, on all cores: those that pass the gate, and their
templates."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.extractor import DLIB, SFACE, middle_face
from benchmarks.accuracy.templates import Templates
from benchmarks.gate.gate_kinds import KINDS, Kind
from matcher.picture.pixel_array import Image
from matcher.probe.sample import Sampler
from matcher.process.child_process import cores
from matcher.recognition.errors import FaceQualityError, NoFaceError
from matcher.recognition.face import Face
from matcher.recognition.image import decode_image, encode_jpeg
from matcher.recognition.networks.pipeline import load_recogniser
from matcher.recognition.quality import QualityGate
from matcher.recognition.template import Template

NO_FACE = "no_face"

DIMENSION = 128


@dataclass(frozen=True, kw_only=True, eq=False)
class Probe:
    """One picture that was handed in. template: of its face; None if it was refused for `reasons`."""

    template: Template | None = None
    reasons: tuple[str, ...] = ()


REFUSED = Probe(reasons=(NO_FACE,))


def handed_in(sampler: Sampler, image: Image, face: Face, kind: Kind) -> Probe:
    """A picture, degraded and handed in as a JPEG; of several faces the largest is used. face: in the picture."""
    try:
        sample = sampler.sample(encode_jpeg(kind.disturb(image, face), kind.quality), face=1)
    except NoFaceError:
        return REFUSED
    except FaceQualityError as error:
        return Probe(reasons=tuple(reason.value for reason in error.reasons))
    return Probe(template=sample.template)


def templates_of(names: Sequence[str], probes: Sequence[Probe]) -> Templates:
    """The pictures that passed, for comparison; refused ones count as not found. names: of the probes."""
    found = np.array([probe.template is not None for probe in probes])
    return Templates(
        names=tuple(names),
        found=found,
        quality=found.astype(np.float32),
        vectors={
            SFACE: _stacked([probe.template.vectors["sface"] if probe.template else None for probe in probes]),
            DLIB: _stacked([probe.template.vectors["dlib"] if probe.template else None for probe in probes]),
        },
    )


def _stacked(vectors: Sequence[NDArray[np.float32] | None]) -> NDArray[np.float32]:
    return np.stack([np.zeros(DIMENSION, np.float32) if vector is None else vector for vector in vectors])


@contextmanager
def processes() -> Iterator[ProcessPoolExecutor]:
    """One a core, each with models of its own on one thread."""
    pool = ProcessPoolExecutor(cores(), mp_context=get_context("spawn"), initializer=_load)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """The state that a process keeps between its jobs."""

    sampler: Sampler


def _load() -> None:
    _Worker.sampler = Sampler(load_recogniser(eager=True), QualityGate())


def probes_of(picture: Path, kinds: Sequence[str] = tuple(KINDS)) -> Mapping[str, Probe]:
    """The job of a process: one picture handed in once for each of the kinds, by their labels in KINDS."""
    sampler = _Worker.sampler
    image = decode_image(picture.read_bytes())
    faces = sampler.recogniser.detect([image])[0]
    if not faces:
        return dict.fromkeys(kinds, REFUSED)
    face = middle_face(image, faces)
    return {label: handed_in(sampler, image, face, KINDS[label]) for label in kinds}
