"""A recogniser for worker processes that sees one face where it is bright. Importable by name from a worker."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box, Face
from matcher.recognition.quality import Quality
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.template import Template
from tests.ingest.stubs.confinement_stub import attempts

DIGEST = "5" * 64


def face_at(x: float, y: float, size: float = 60.0, score: float = 0.9) -> Face:
    """A face in a box of this size, eyes 0.4 of it apart."""
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    landmarks = (points * size + [x, y]).astype(np.float32)
    return Face(box=Box(x=x, y=y, width=size, height=size), landmarks=landmarks, score=score)


def quality(*, eye_distance: float = 60.0, sharpness: float = 400.0) -> Quality:
    return Quality(
        eye_distance=eye_distance, sharpness=sharpness, yaw=0.0, pitch=0.0, roll=0.0, brightness=128.0, inside=1.0
    )


class BrightRecogniser:
    """One face at the brightest place, if it is bright; its template says how bright."""

    model_digest = DIGEST
    fusion = DEFAULT_FUSION

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        return [self._faces(image) for image in images]

    def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
        return [quality() for _ in faces]

    def orientations(self, images: Sequence[Image], faces: Sequence[Face]) -> list[int | None]:
        return [0 for _ in faces]

    def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
        vector = np.zeros(128, np.float32)
        vector[0] = 1.0
        return [Template(model_digest=DIGEST, vectors={"sface": vector, "dlib": vector}) for _ in faces]

    def _faces(self, image: Image) -> list[Face]:
        grey = image.mean(axis=2)
        if grey.max() < 200:
            return []
        rows, columns = np.nonzero(grey > 200)
        return [face_at(float(columns.min()), float(rows.min()), size=max(60.0, float(np.ptp(columns))))]


class BreakingRecogniser(BrightRecogniser):
    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        if images[0].shape[0] != 160:
            raise RuntimeError("rtsp://user:canary@camera/ is no place for a face")
        return super().detect(images)


class HangingRecogniser(BrightRecogniser):
    """Hangs while there is a file `hang` in its folder."""

    def __init__(self, folder: str) -> None:
        self._hang = Path(folder) / "hang"

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        if self._hang.exists():
            time.sleep(600)
        return super().detect(images)


class TryingRecogniser(BrightRecogniser):
    """Tries in its worker what a hostile stream would try; the templates' numbers say what was refused (0.1)."""

    def __init__(self, *, forbidden: str, port: int) -> None:
        self._tried = list(attempts(forbidden=Path(forbidden), port=port).values())

    def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
        told = np.zeros(128, np.float32)
        told[: len(self._tried)] = 0.1 * np.array(self._tried)
        return [
            replace(template, vectors={**template.vectors, "dlib": told}) for template in super().extract(images, faces)
        ]


class ConfinedRecogniser(BrightRecogniser):
    """Sees faces only where all that a hostile stream would try was refused."""

    def __init__(self, *, forbidden: str, port: int) -> None:
        self._confined = all(attempts(forbidden=Path(forbidden), port=port).values())

    def _faces(self, image: Image) -> list[Face]:
        return super()._faces(image) if self._confined else []


class GreedyRecogniser(BrightRecogniser):
    """Needs more memory than a worker may have."""

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        np.ones(64 << 30, np.uint8)
        return super().detect(images)


def bright(*, idle_seconds: float = 60.0) -> BrightRecogniser:
    """A recogniser in a worker that ends `idle_seconds` after its stream was live for the last time."""
    sys.modules["__main__"].IDLE_SECONDS = idle_seconds  # type: ignore[attr-defined]
    return BrightRecogniser()


def crash() -> BrightRecogniser:
    os.abort()


def hang() -> BrightRecogniser:
    time.sleep(600)
    raise AssertionError
