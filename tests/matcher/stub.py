"""A matcher on a stub recogniser: a picture's first pixel says who is on it. Loaded by path, by child processes too."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from prometheus_client import CollectorRegistry

from matcher.consent.consent import NewConsent
from matcher.enrolment.enrolment import Enrolment, Picture
from matcher.matcher import Matcher
from matcher.picture.pixel_array import Image
from matcher.probe.probe import Probe, Query
from matcher.recognition.face import Box, Face
from matcher.recognition.operating_point import Measurement, OperatingPoint
from matcher.recognition.quality import Quality
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.template import Template
from matcher.settings import MatcherSettings
from tests.empty_folder import empty_folder

DIGEST = hashlib.sha256(b"stub").hexdigest()

POINT = OperatingPoint(
    name="stub",
    threshold=0.5,
    model_digest=DIGEST,
    weights=DEFAULT_FUSION.weights,
    evidence=Measurement(
        model_digest=DIGEST,
        weights=DEFAULT_FUSION.weights,
        dataset="none",
        non_mated=1,
        fmr=0.0,
        fmr_low=0.0,
        fmr_high=0.0,
        mated=1,
        fnmr=0.0,
        fnmr_low=0.0,
        fnmr_high=0.0,
        measured_on="2026-01-01",
    ),
)


class StubRecogniser:
    """Blue is the person, green how many faces there are, red how bright they are."""

    model_digest = DIGEST
    fusion = DEFAULT_FUSION

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        return [[self._face() for _ in range(int(image[0, 0, 1]))] for image in images]

    def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
        return [
            Quality(
                eye_distance=60.0,
                sharpness=500.0,
                yaw=0.0,
                pitch=0.0,
                roll=0.0,
                brightness=float(image[0, 0, 2]),
                inside=1.0,
            )
            for image, _ in zip(images, faces, strict=True)
        ]

    def orientations(self, images: Sequence[Image], faces: Sequence[Face]) -> list[int | None]:
        return [0 for _ in faces]

    def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
        return [template(int(image[0, 0, 0])) for image in images]

    @staticmethod
    def _face() -> Face:
        return Face(box=Box(x=4, y=4, width=24, height=24), landmarks=np.zeros((5, 2), dtype=np.float32), score=1.0)


def template(person: int) -> Template:
    random = np.random.default_rng(person)
    vector = random.normal(size=128)
    vector /= np.linalg.norm(vector)
    dlib = random.normal(size=128).astype(np.float32) * 0.1
    return Template(model_digest=DIGEST, vectors={"sface": vector.astype(np.float32), "dlib": dlib})


def changed(other: Template, **vectors: NDArray[np.float32]) -> Template:
    """The template with these vectors in place of its own."""
    return replace(other, vectors={**other.vectors, **vectors})


def picture(person: int, *, faces: int = 1, bright: int = 128) -> bytes:
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    pixels[:, :] = (bright, faces, person)
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


@dataclass
class MovableClock:
    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class World:
    folder: Path
    clock: Any = field(default_factory=MovableClock)

    def open(self, *, registry: CollectorRegistry | None = None, **settings: Any) -> Matcher:
        return Matcher.open(
            MatcherSettings(folder=empty_folder(self.folder), **settings),
            recogniser=StubRecogniser(),
            operating_point=POINT,
            clock=self.clock,
            registry=registry,
        )

    def consent(self, **changes: Any) -> NewConsent:
        values: dict[str, Any] = {
            "purpose": "demo",
            "cameras": frozenset({"*"}),
            "valid_until": self.clock() + timedelta(days=1),
            "evidence_digest": "ab" * 32,
        }
        return NewConsent(**values | changes)

    def enrol(self, matcher: Matcher, *people: int, name: str = "Ann", **consent: Any) -> Enrolment:
        return matcher.enroller.enrol(
            name=name,
            pictures=[Picture(label=f"{at}.png", data=picture(person)) for at, person in enumerate(people)],
            consent=self.consent(**consent),
            actor="cli:test",
            acknowledged=[subject.id for subject in matcher.gallery.subjects()],
        )

    def add(self, matcher: Matcher, subject_id: str, person: int) -> Enrolment:
        everybody = [subject.id for subject in matcher.gallery.subjects()]
        pictures = [Picture(label="more.png", data=picture(person))]
        return matcher.enroller.add_pictures(subject_id, pictures, "cli:test", acknowledged=everybody)

    def probe(self, matcher: Matcher, person: int) -> Probe:
        return matcher.probe(picture(person))

    def query(self, **changes: Any) -> Query:
        values: dict[str, Any] = {"actor": "user:1", "role": "operator", "camera": "lobby", "purpose": "demo"}
        return Query(**values | changes)

    def found(self, matcher: Matcher, person: int, **query: Any) -> list[str]:
        answer = matcher.identifier.identify(self.probe(matcher, person), self.query(**query))
        return [candidate.subject_id for candidate in answer.candidates]

    def every_byte(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())
