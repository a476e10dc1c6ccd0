"""How often an enrolment finds people who are enrolled already: planted duplicates, and new people for comparison."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.accuracy.view1 import view1
from benchmarks.datasets.lfw import Lfw, person_of
from benchmarks.harness.benchmark import Context, Progress, Result, Table, Target
from benchmarks.harness.consent import one_day
from benchmarks.harness.table_file import csv_text
from matcher.enrolment.enrolment import Picture
from matcher.enrolment.errors import EnrolmentError, LikelyDuplicateError
from matcher.evaluation.interval import wilson
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher
from matcher.probe.sample import listing
from matcher.process.child_process import cores
from matcher.recognition.face_listing import ListedFace
from matcher.settings import MatcherSettings

SEED = 20261130

NAMES = "duplicates-people.csv"

SPARE = 2
"""The number of available people for each one needed: the gate refuses some pictures."""


class Part(StrEnum):
    """A person's part in the run."""

    GALLERY = "gallery"
    PLANTED = "planted duplicate"
    PLANTED_ONE = "planted duplicate, one picture"
    NEWCOMER = "newcomer"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many people of each part; planted ones are people of the gallery, from other pictures."""

    gallery: int
    planted: int
    newcomers: int

    @property
    def wanted(self) -> Mapping[Part, int]:
        """By part, in the order in which they are tried."""
        return {
            Part.GALLERY: self.gallery,
            Part.PLANTED: self.planted,
            Part.PLANTED_ONE: self.planted,
            Part.NEWCOMER: self.newcomers,
        }


FULL = Size(gallery=5_000, planted=100, newcomers=100)
QUICK = Size(gallery=30, planted=5, newcomers=5)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One enrolment to try: the person and the pictures."""

    part: Part
    person: str
    pictures: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of an attempt. seen: the people, by name, whom the warning named. refused: why it does not count."""

    attempt: Attempt
    seen: tuple[str, ...] = ()
    refused: str | None = None

    @property
    def found(self) -> bool:
        """True if the warning named the person."""
        return self.attempt.person in self.seen

    @property
    def false(self) -> bool:
        """True if it named another person."""
        return bool(set(self.seen) - {self.attempt.person})


class DuplicatesBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "duplicates"
    summary = (
        f"Warnings at enrolment: twice {FULL.planted} planted duplicates, and newcomers, among {FULL.gallery:,} people"
    )

    def run(self, context: Context) -> Result:
        """Enrols the gallery, then tries the planted and the new people, all by the service's own enrolment."""
        size = QUICK if context.quick else FULL
        attempts = planned(Lfw.at(context.root_of("lfw")), size)
        with (
            tempfile.TemporaryDirectory(prefix="clearglass-duplicates-") as folder,
            Matcher.open(MatcherSettings(folder=Path(folder))) as matcher,
        ):
            outcomes = tried(matcher, attempts, size, context.progress)
            check = matcher.log.entries(0, 1, kinds=[EntryKind.REQUEST])[0].body["operating_point"]
        context.out.mkdir(parents=True, exist_ok=True)
        (context.out / NAMES).write_text(csv_text(_COLUMNS, list(_mistakes(outcomes))), encoding="utf-8", newline="")
        return report(outcomes, point=f"{check['name']} (threshold {check['threshold']:g})")


def planned(lfw: Lfw, size: Size) -> Mapping[Part, Sequence[Attempt]]:
    """The people to try, in this order, until enough pictures are usable. Planted and new people are not of view 1, on
    which the threshold was chosen; the gallery has as few of view 1 as possible.
    """
    chosen_on = {person_of(name) for trial in view1(lfw) for name in (trial.probe, trial.reference)}
    people = lfw.people()
    order = [list(people)[place] for place in np.random.default_rng(SEED).permutation(len(people))]
    order.sort(key=lambda person: person in chosen_on)
    outside = [person for person in order if person not in chosen_on]
    # Two pictures of the gallery and two others; a person of three has one in the gallery.
    many = sorted((one for one in outside if len(people[one]) > 2), key=lambda one: len(people[one]) == 3)
    planted = many[: SPARE * size.planted]
    once = [one for one in outside if len(people[one]) > 1 and one not in planted][: SPARE * size.planted]
    newcomers = [one for one in outside if one not in {*planted, *once}][: SPARE * size.newcomers]
    others = [one for one in order if one not in {*planted, *once, *newcomers}]
    kept = {person: people[person][:2] for person in others}
    kept |= {person: people[person][: len(people[person]) - 2][:2] for person in planted}
    kept |= {person: people[person][:1] for person in once}
    gallery = [*planted, *once, *others]
    return {
        Part.GALLERY: [Attempt(part=Part.GALLERY, person=one, pictures=kept[one]) for one in gallery],
        Part.PLANTED: [Attempt(part=Part.PLANTED, person=one, pictures=people[one][-2:]) for one in planted],
        Part.PLANTED_ONE: [Attempt(part=Part.PLANTED_ONE, person=one, pictures=people[one][-1:]) for one in once],
        Part.NEWCOMER: [Attempt(part=Part.NEWCOMER, person=one, pictures=people[one][:1]) for one in newcomers],
    }


def tried(
    matcher: Matcher, attempts: Mapping[Part, Sequence[Attempt]], size: Size, progress: Progress
) -> Sequence[Outcome]:
    """People of the gallery are enrolled in spite of a warning; others only without one."""
    names: dict[str, str] = {}
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(cores()) as threads:
        for part, count in size.wanted.items():
            left, there = count, set(names.values())
            again = part in {Part.PLANTED, Part.PLANTED_ONE}
            waiting = iter([one for one in attempts[part] if not again or one.person in there])
            with progress.step(f"enrolling: {part}", total=count) as advance:
                while left and (batch := list(islice(waiting, left))):
                    for outcome in threads.map(lambda attempt: _try(matcher, names, attempt), batch):
                        outcomes.append(outcome)
                        left -= outcome.refused is None
                        advance(outcome.refused is None)
    return outcomes


def _try(matcher: Matcher, names: dict[str, str], attempt: Attempt) -> Outcome:
    """names: of the people in the gallery, by subject id; a person who is enrolled here is added."""
    pictures = [_picture(matcher, path) for path in attempt.pictures]
    needed = 1 if attempt.part is Part.GALLERY else len(pictures)
    acknowledged: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    while True:
        try:
            enrolment = matcher.enroller.enrol(
                name=attempt.person,
                pictures=pictures,
                consent=one_day("benchmark"),
                actor="cli:benchmark",
                acknowledged=acknowledged,
            )
        except LikelyDuplicateError as error:
            acknowledged = error.check.subjects
            seen = tuple(names[subject] for subject in acknowledged)
            if attempt.part is not Part.GALLERY:
                return _outcome(attempt, seen, used=len(error.check.searches), needed=needed)
        except EnrolmentError as error:
            return Outcome(attempt=attempt, refused=", ".join(picture.code for picture in error.refused))
        else:
            names[enrolment.subject.id] = attempt.person
            return _outcome(attempt, seen, used=len(enrolment.accepted), needed=needed)


def _outcome(attempt: Attempt, seen: tuple[str, ...], *, used: int, needed: int) -> Outcome:
    refused = None if used >= needed else f"{used} of {len(attempt.pictures)} pictures can be used"
    return Outcome(attempt=attempt, seen=seen, refused=refused)


def _picture(matcher: Matcher, path: Path) -> Picture:
    """In LFW the face nearest to the centre is that of the named person."""
    data = path.read_bytes()
    listed = listing(matcher.sampler.photograph(data))

    def distance(face: ListedFace) -> float:
        across = face.box.x + (face.box.width - listed.width) / 2
        down = face.box.y + (face.box.height - listed.height) / 2
        return float(np.hypot(across, down))

    face = min(listed.faces, key=distance).index if listed.faces else None
    return Picture(label=path.name, data=data, face=face)


_COLUMNS = ("part", "person", "mistake", "others")


def _mistakes(outcomes: Sequence[Outcome]) -> Iterator[Sequence[str]]:
    """The people to review by hand. They are not in the record, which is stored with the code: names stay with the
    data."""
    for one in outcomes:
        part, person = one.attempt.part, one.attempt.person
        if one.refused:
            yield (part, person, "refused", one.refused)
            continue
        if one.false:
            yield (part, person, "seen as somebody else", " ".join(sorted(set(one.seen) - {person})))
        if part in {Part.PLANTED, Part.PLANTED_ONE} and not one.found:
            yield (part, person, "missed", "")


def report(outcomes: Sequence[Outcome], *, point: str) -> Result:
    """point: the operating point of the check, in words."""
    counted = [one for one in outcomes if one.refused is None]
    by_part: Mapping[Part, Sequence[Outcome]] = {
        part: [outcome for outcome in counted if outcome.attempt.part is part] for part in Part
    }
    planted = {part: by_part[part] for part in (Part.PLANTED, Part.PLANTED_ONE)}
    once = (*by_part[Part.PLANTED], *by_part[Part.NEWCOMER])
    false, most = sum(outcome.false for outcome in once), round(0.05 * len(by_part[Part.NEWCOMER]))
    return Result(
        figures={
            "operating_point": point,
            "parts": {
                part: {
                    "tried": len(tried),
                    "pictures": sum(len(one.attempt.pictures) for one in tried),
                    "found": sum(one.found for one in tried),
                    "false": sum(one.false for one in tried),
                }
                for part, tried in by_part.items()
            },
            "refused": dict(Counter(one.attempt.part for one in outcomes if one.refused)),
        },
        notes=(
            f"Pictures of LFW, by the service's own enrolment, at {point}. The gallery is enrolled from two pictures "
            "of a person where LFW has two. A planted duplicate is enrolled again under another name, from two other "
            "pictures, or from one where the gallery too has one; a newcomer from one. Planted people and newcomers "
            "are not of view 1, on which the threshold was chosen. LFW has some people under two names, and pictures "
            f"of somebody else: {NAMES}, beside a run's record, names those who were missed or seen falsely.",
            "Planted people and newcomers with a picture that the quality gate refuses are not counted.",
        ),
        tables=[_table(by_part)],
        targets=[
            *(_found_target(part, tried) for part, tried in planted.items()),
            Target(
                aim=f"at most {most} false warnings at {len(once)} enrolments, planted ones from two pictures and "
                "newcomers",
                measured=str(false),
                met=false <= most,
            ),
        ],
    )


def _found_target(part: Part, tried: Sequence[Outcome]) -> Target:
    found, least = sum(one.found for one in tried), round(0.98 * len(tried))
    return Target(
        aim=f"{part}: at least {least} of {len(tried)} found", measured=f"{found} of {len(tried)}", met=found >= least
    )


def _table(by_part: Mapping[Part, Sequence[Outcome]]) -> Table:
    return Table(
        title="Warnings at enrolment",
        columns=("enrolled", "people", "pictures", "warned of the same person", "warned of somebody else", "95 %"),
        rows=list(_rows(by_part)),
    )


def _rows(by_part: Mapping[Part, Sequence[Outcome]]) -> Iterator[Sequence[str]]:
    for part, tried in by_part.items():
        found, false = sum(one.found for one in tried), sum(one.false for one in tried)
        low, high = wilson(false, len(tried))
        same = str(found) if part in {Part.PLANTED, Part.PLANTED_ONE} else ""
        pictures = sum(len(one.attempt.pictures) for one in tried)
        yield (part, f"{len(tried):,}", f"{pictures:,}", same, str(false), f"{low:.2%} to {high:.2%}")
