"""How well an enrolment meets people who are in the gallery already: planted duplicates, and newcomers beside them."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.accuracy.view1 import view1
from benchmarks.benchmark import Context, Progress, Result, Table, Target
from benchmarks.datasets.lfw import Lfw, person_of
from matcher.audit.entry import EntryKind
from matcher.child_process import cores
from matcher.evaluation.interval import wilson
from matcher.gallery.consent import ANY_CAMERA, NewConsent
from matcher.gallery.enrolment import Picture
from matcher.gallery.errors import EnrolmentError, LikelyDuplicateError
from matcher.matcher import Matcher
from matcher.recognition.face_listing import FaceListing
from matcher.settings import MatcherSettings

SEED = 20261130

SPARE = 2
"""People at hand for each one wanted: the gate refuses some pictures."""


class Part(StrEnum):
    """What somebody is in the run. Everybody is enrolled from one picture."""

    GALLERY = "gallery"
    PLANTED = "planted duplicate"
    NEWCOMER = "newcomer"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many people of each part; a planted one is somebody of the gallery, from another picture."""

    gallery: int
    planted: int
    newcomers: int


FULL = Size(gallery=5_000, planted=100, newcomers=100)
QUICK = Size(gallery=20, planted=5, newcomers=5)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One enrolment to be tried: whose, from which picture."""

    part: Part
    person: str
    picture: Path


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of an attempt. seen: the people, by name, whom the warning named. refused: why no picture was used."""

    attempt: Attempt
    seen: tuple[str, ...] = ()
    refused: str | None = None

    @property
    def found(self) -> bool:
        """Whether the warning named the person."""
        return self.attempt.person in self.seen

    @property
    def false(self) -> bool:
        """Whether it named anybody else."""
        return bool(set(self.seen) - {self.attempt.person})


class DuplicatesBenchmark:
    """See `benchmarks.benchmark.Benchmark`."""

    name = "duplicates"
    summary = f"Warnings at enrolment: {FULL.planted} planted duplicates and as many newcomers, {FULL.gallery:,} people"

    def run(self, context: Context) -> Result:
        """Enrols the gallery, then tries the planted and the newcomers, all by the service's own enrolment."""
        size = QUICK if context.quick else FULL
        attempts = planned(Lfw.at(context.root_of("lfw")), size)
        with (
            tempfile.TemporaryDirectory(prefix="clearglass-duplicates-") as folder,
            Matcher.open(MatcherSettings(folder=Path(folder))) as matcher,
        ):
            outcomes = tried(matcher, attempts, size, context.progress)
            check = matcher.log.entries(0, 1, kinds=[EntryKind.REQUEST])[0].body["operating_point"]
        return report(outcomes, point=f"{check['name']} (threshold {check['threshold']:g})")


def planned(lfw: Lfw, size: Size) -> Mapping[Part, Sequence[Attempt]]:
    """Whom to try, in this order, until enough pictures were good enough.

    Planted ones and newcomers are not of view 1, on which the threshold was chosen; of the gallery as few as can be.
    """
    chosen_on = {person_of(name) for trial in view1(lfw) for name in (trial.probe, trial.reference)}
    people = lfw.people()
    order = [list(people)[place] for place in np.random.default_rng(SEED).permutation(len(people))]
    order.sort(key=lambda person: person in chosen_on)
    outside = [person for person in order if person not in chosen_on]
    planted = [person for person in outside if len(people[person]) > 1][: SPARE * size.planted]
    newcomers = [person for person in outside if person not in planted][: SPARE * size.newcomers]
    others = [person for person in order if person not in {*planted, *newcomers}]
    return {
        Part.GALLERY: [_attempt(Part.GALLERY, person, people[person][0]) for person in (*planted, *others)],
        Part.PLANTED: [_attempt(Part.PLANTED, person, people[person][1]) for person in planted],
        Part.NEWCOMER: [_attempt(Part.NEWCOMER, person, people[person][0]) for person in newcomers],
    }


def _attempt(part: Part, person: str, picture: Path) -> Attempt:
    return Attempt(part=part, person=person, picture=picture)


def tried(
    matcher: Matcher, attempts: Mapping[Part, Sequence[Attempt]], size: Size, progress: Progress
) -> Sequence[Outcome]:
    """People of the gallery are enrolled whatever the warning says; others only if there is none."""
    names: dict[str, str] = {}
    outcomes: list[Outcome] = []
    wanted = {Part.GALLERY: size.gallery, Part.PLANTED: size.planted, Part.NEWCOMER: size.newcomers}
    with ThreadPoolExecutor(cores()) as threads:
        for part, count in wanted.items():
            left, there = count, set(names.values())
            waiting = iter([one for one in attempts[part] if part is not Part.PLANTED or one.person in there])
            with progress.step(f"enrolling: {part}", total=count) as advance:
                while left and (batch := list(islice(waiting, left))):
                    for outcome in threads.map(lambda attempt: _try(matcher, names, attempt), batch):
                        outcomes.append(outcome)
                        left -= outcome.refused is None
                        advance(outcome.refused is None)
    return outcomes


def _try(matcher: Matcher, names: dict[str, str], attempt: Attempt) -> Outcome:
    """names: of those who are in the gallery, by subject id; a person who is enrolled here is added."""
    face: int | None = None
    acknowledged: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    while True:
        try:
            enrolment = matcher.enroller.enrol(
                name=attempt.person,
                pictures=[Picture(label="picture", data=attempt.picture.read_bytes(), face=face)],
                consent=_consent(),
                actor="cli:benchmark",
                acknowledged=acknowledged,
            )
        except LikelyDuplicateError as error:
            acknowledged = error.check.subjects
            seen = tuple(names[subject] for subject in acknowledged)
            if attempt.part is not Part.GALLERY:
                return Outcome(attempt=attempt, seen=seen)
        except EnrolmentError as error:
            [refused] = error.refused
            if refused.listing is None or face is not None:
                return Outcome(attempt=attempt, refused=refused.code)
            face = _central(refused.listing)
        else:
            names[enrolment.subject.id] = attempt.person
            return Outcome(attempt=attempt, seen=seen)


def _central(listing: FaceListing) -> int:
    """In LFW the face nearest to the centre is the one of the person whose name the picture bears."""

    def distance(place: int) -> float:
        box = listing.faces[place].box
        across, down = box.x + (box.width - listing.width) / 2, box.y + (box.height - listing.height) / 2
        return float(np.hypot(across, down))

    return listing.faces[min(range(len(listing.faces)), key=distance)].index


def _consent() -> NewConsent:
    return NewConsent(
        purpose="benchmark",
        cameras=frozenset({ANY_CAMERA}),
        valid_until=datetime.now(UTC) + timedelta(days=1),
        evidence_digest=hashlib.sha256(b"A measurement on public data.").hexdigest(),
    )


def report(outcomes: Sequence[Outcome], *, point: str) -> Result:
    """point: the operating point of the check, in words."""
    by_part: Mapping[Part, Sequence[Outcome]] = {
        part: [outcome for outcome in outcomes if outcome.attempt.part is part and outcome.refused is None]
        for part in Part
    }
    planted, newcomers = by_part[Part.PLANTED], by_part[Part.NEWCOMER]
    found = sum(outcome.found for outcome in planted)
    false = sum(outcome.false for outcome in (*planted, *newcomers))
    least, most = round(0.98 * len(planted)), round(0.05 * len(newcomers))
    return Result(
        figures={
            "operating_point": point,
            "parts": {
                part: {
                    "tried": len(tried),
                    "found": sum(one.found for one in tried),
                    "false": sum(one.false for one in tried),
                }
                for part, tried in by_part.items()
            },
            "refused": [[one.attempt.part, one.attempt.person, one.refused] for one in outcomes if one.refused],
            "missed": [one.attempt.person for one in planted if not one.found],
            "falsely_seen": [
                [one.attempt.part, one.attempt.person, [name for name in one.seen if name != one.attempt.person]]
                for one in outcomes
                if one.false
            ],
        },
        notes=(
            f"Pictures of LFW, one for each person, by the service's own enrolment, at {point}. A planted duplicate is "
            "enrolled again from another picture, under another name. Planted people and newcomers are not of view 1, "
            "on which the threshold was chosen. LFW has some people under two names, and pictures of somebody else: "
            "those who were missed or seen falsely stand in the record by name, to be looked at.",
            "A picture that the quality gate refuses enrols nobody, and is not counted here.",
        ),
        tables=[_table(by_part)],
        targets=[
            Target(
                aim=f"at least {least} of {len(planted)} planted duplicates found",
                measured=f"{found} of {len(planted)}",
                met=found >= least,
            ),
            Target(
                aim=f"at most {most} false warnings at these and as many newcomers' enrolments",
                measured=f"{false} of {len(planted) + len(newcomers)}",
                met=false <= most,
            ),
        ],
    )


def _table(by_part: Mapping[Part, Sequence[Outcome]]) -> Table:
    return Table(
        title="Warnings at enrolment",
        columns=("enrolled", "people", "warned of the same person", "warned of somebody else", "95 % interval"),
        rows=list(_rows(by_part)),
    )


def _rows(by_part: Mapping[Part, Sequence[Outcome]]) -> Iterator[Sequence[str]]:
    for part, tried in by_part.items():
        found, false = sum(one.found for one in tried), sum(one.false for one in tried)
        low, high = wilson(false, len(tried))
        same = str(found) if part is Part.PLANTED else ""
        yield (part, f"{len(tried):,}", same, str(false), f"{low:.2%} to {high:.2%}")
