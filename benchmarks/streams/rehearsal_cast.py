"""The people of the `scene` benchmark: people of LFW, enrolled from other pictures than those they walk with."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.datasets.lfw import Lfw
from benchmarks.harness.benchmark import Progress
from benchmarks.harness.consent import one_day
from ingest.rehearsal.film.portrait import Person, Portrait, portrait_of
from matcher.enrolment.enrolment import Picture
from matcher.enrolment.errors import EnrolmentError, LikelyDuplicateError
from matcher.matcher import Matcher
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.image import decode_image
from matcher.recognition.recogniser import Recogniser

PURPOSE = "benchmark"
ENROLLED_FROM = 2
"""Pictures that each walker is enrolled from; two others make the portraits."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many: enrolled people who walk, enrolled people who never do, strangers who walk."""

    walkers: int
    others: int
    strangers: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Cast:
    """Everybody. names: subject id to name. not_enrolled: people of whom no picture was good enough."""

    people: Sequence[Person]
    strangers: Sequence[Sequence[Portrait]]
    names: dict[str, str]
    references: int
    not_enrolled: int


def choose_cast(lfw: Lfw, matcher: Matcher, size: Size, progress: Progress, *, seed: int) -> Cast:
    """Enrols the enrolled and cuts out the walkers.

    People of view 1 are left out, since the operating points were chosen on it. A person of whom no picture can be
    enrolled is replaced by the next and counted.
    """
    chosen_on = {
        path.parent.name for pair in (*lfw.view1_train(), *lfw.view1_test()) for path in (pair.left, pair.right)
    }
    free = {name: pictures for name, pictures in lfw.people().items() if name not in chosen_on}
    order = [list(free)[place] for place in np.random.default_rng(seed).permutation(len(free))]
    often = [name for name in order if len(free[name]) >= ENROLLED_FROM + 2]
    twice = [name for name in order if ENROLLED_FROM <= len(free[name]) < ENROLLED_FROM + 2]
    once = [name for name in order if len(free[name]) == 1]
    people: list[Person] = []
    names: dict[str, str] = {}
    references = failures = 0
    with progress.step("enrolling", total=size.walkers + size.others) as advance:
        for name in [*often, *twice]:
            walks = len(free[name]) >= ENROLLED_FROM + 2
            if len(people) == size.walkers if walks else len(names) == size.walkers + size.others:
                continue
            enrolled = _enrol(matcher, name, free[name][:ENROLLED_FROM])
            if enrolled is None:
                failures += 1
                continue
            if walks:
                portraits = _portraits(free[name][ENROLLED_FROM : ENROLLED_FROM + 2], matcher.recogniser)
                people.append(Person(name=name, portraits=portraits))
            names[enrolled[0]] = name
            references += enrolled[1]
            advance(1)
    strangers = []
    with progress.step("cutting out strangers", total=size.strangers) as advance:
        for name in once[: size.strangers]:
            strangers.append(_portraits(free[name], matcher.recogniser))
            advance(1)
    return Cast(people=people, strangers=strangers, names=names, references=references, not_enrolled=failures)


def _enrol(matcher: Matcher, name: str, files: Sequence[Path]) -> tuple[str, int] | None:
    """The subject's id and number of references; None if no picture was good enough."""
    pictures = [Picture(label=file.name, data=file.read_bytes()) for file in files]
    enrol = partial(
        matcher.enroller.enrol, name=name, pictures=pictures, consent=one_day(PURPOSE), actor="cli:benchmark"
    )
    try:
        try:
            enrolment = enrol()
        except LikelyDuplicateError as error:
            # People who look like another take part as well: to leave them out would make the figures too good.
            enrolment = enrol(acknowledged=error.check.subjects)
    except EnrolmentError:
        return None
    return enrolment.subject.id, len(enrolment.accepted)


def _portraits(files: Sequence[Path], recogniser: Recogniser) -> list[Portrait]:
    pictures = [decode_image(file.read_bytes()) for file in files]
    return [portrait_of(picture, central(picture, recogniser)) for picture in pictures]


def central(picture: Image, recogniser: Recogniser) -> Face:
    """The face nearest the centre: in LFW that is the person whose name the picture bears."""
    centre = np.array([picture.shape[1], picture.shape[0]]) / 2
    faces = recogniser.detect([picture])[0]
    return min(faces, key=lambda face: float(np.linalg.norm(face.landmarks.mean(axis=0) - centre)))
