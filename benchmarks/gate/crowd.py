"""A photograph of a crowd, all its faces searched for in one call; and the error rates of searches for such small
faces."""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.datasets.lfw import Lfw
from benchmarks.gate.crowd_sizes import measured, size_table
from benchmarks.gate.gate import strangers
from benchmarks.harness.benchmark import Context, Progress, Result, Table, Target
from benchmarks.harness.consent import one_day
from benchmarks.harness.errors import DataMissingError
from matcher.consent.rule import UPLOAD
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher
from matcher.probe.probe import Query
from matcher.probe.small_faces import LEAST_EYE_DISTANCE
from matcher.recognition.errors import FaceQualityError, NoFaceError
from matcher.search.crowd import CrowdSearcher
from matcher.settings import MatcherSettings

PHOTOGRAPH, QUICK_PHOTOGRAPH = "17.jpg", "1.jpg"
LEAST_FACES = 500
PEOPLE, QUICK_PEOPLE = 2_000, 6
ENROLLED, QUICK_ENROLLED = 200, 2
PURPOSE, ACTOR = "crowd", "cli:benchmark"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call. found, searched: faces. seconds: of finding them, and of extracting and searching. named: faces for
    which somebody was found; requests, outcomes: entries that the call wrote; refused: faces by reason."""

    least_eye_distance: float
    found: int
    searched: int
    find_seconds: float
    search_seconds: float
    named: int
    requests: int
    outcomes: int
    refused: dict[str, int]

    @property
    def milliseconds(self) -> float:
        """The time of the whole call, divided by the number of faces searched for."""
        return 1_000 * (self.find_seconds + self.search_seconds) / max(self.searched, 1)


class CrowdBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "crowd"
    summary = "A photograph of a crowd: faces found and searched for in one call, time for each; FMR of small faces"

    def run(self, context: Context) -> Result:
        """Measures. With `quick` on a smaller photograph, few people and few sizes."""
        photograph = context.data / "crowds" / (QUICK_PHOTOGRAPH if context.quick else PHOTOGRAPH)
        if not photograph.is_file():
            raise DataMissingError(
                f"There is no photograph {photograph}.", remedy="Set CLEARGLASS_DATA to the folder of public data."
            )
        people = strangers(Lfw.at(context.root_of("lfw")), QUICK_PEOPLE if context.quick else PEOPLE)
        enrolled = [pictures[0] for pictures in people.values()][: QUICK_ENROLLED if context.quick else ENROLLED]
        calls = _calls(photograph.read_bytes(), enrolled, context.progress)
        sizes = measured(people, context)
        return Result(
            figures={
                "photograph": photograph.name,
                "enrolled": len(enrolled),
                "calls": [asdict(call) | {"milliseconds_a_face": call.milliseconds} for call in calls],
                "sizes": [asdict(size) for size in sizes],
            },
            tables=[_table(photograph.name, calls), size_table(sizes)],
            targets=[] if context.quick else [_target(calls), *(size.target() for size in sizes)],
            notes=[
                f"Up to {len(enrolled)} people of LFW outside view 1 are enrolled, none of whom is in the photograph: "
                "who is named is named falsely.",
                f"Sizes: one picture each of {len(people):,} people of LFW outside view 1, scaled down, kept as a JPEG "
                "of quality 90, found and judged as a crowd's faces are; compared with the others' pictures as they "
                "are (FMR) and with the person's own second picture (FNMR). Intervals are of 1,000 resamples of the "
                "people.",
            ],
        )


def _calls(photograph: bytes, enrolled: Sequence[Path], progress: Progress) -> list[Call]:
    """With the gate's own limit of size, and with the smallest that a caller may choose."""
    calls = []
    with (
        tempfile.TemporaryDirectory(prefix="clearglass-crowd-") as folder,
        Matcher.open(MatcherSettings(folder=Path(folder))) as matcher,
    ):
        _enrol(matcher, enrolled, progress)
        with progress.step("searching for the crowd", total=2) as advance:
            for least in (matcher.sampler.gate.min_eye_distance, LEAST_EYE_DISTANCE):
                calls.append(_call(matcher, photograph, least))
                advance(1)
    return calls


def _enrol(matcher: Matcher, pictures: Sequence[Path], progress: Progress) -> None:
    consent = one_day(PURPOSE)
    with progress.step(f"enrolling {len(pictures)}", total=len(pictures)) as advance:
        for path in pictures:
            with suppress(NoFaceError, FaceQualityError):
                sample = matcher.sampler.sample(path.read_bytes(), face=1)
                matcher.gallery.admit(name=path.stem, consent=consent, samples=[sample], actor=ACTOR, refused={})
            advance(1)


def _call(matcher: Matcher, photograph: bytes, least: float) -> Call:
    searcher, before = CrowdSearcher(matcher.sampler, matcher.identifier), matcher.log.size()
    began = time.perf_counter()
    crowd = searcher.find(photograph, least_eye_distance=least)
    found = time.perf_counter()
    searched = searcher.search(crowd, Query(actor=ACTOR, role="administrator", camera=UPLOAD, purpose=PURPOSE))
    ended = time.perf_counter()
    kinds = Counter(entry.kind for entry in matcher.log.entries(before, 10_000))
    answers = [one.answer for one in searched if one.answer is not None]
    return Call(
        least_eye_distance=least,
        found=len(searched),
        searched=len(answers),
        find_seconds=found - began,
        search_seconds=ended - found,
        named=sum(bool(answer.candidates) for answer in answers),
        requests=kinds[EntryKind.REQUEST],
        outcomes=kinds[EntryKind.OUTCOME],
        refused=dict(Counter(reason.value for one in searched for reason in one.face.reasons).most_common()),
    )


def _table(photograph: str, calls: Sequence[Call]) -> Table:
    return Table(
        title=f"crowds/{photograph} in one call",
        columns=("least eye distance, px", "found", "searched", "finding", "searching", "a face", "entries", "refused"),
        rows=[
            (
                f"{call.least_eye_distance:g}",
                f"{call.found:,}",
                f"{call.searched:,}",
                f"{call.find_seconds:.1f} s",
                f"{call.search_seconds:.1f} s",
                f"{call.milliseconds:.0f} ms",
                f"{call.requests:,} + {call.outcomes:,}",
                ", ".join(f"{count} {reason}" for reason, count in call.refused.items()) or "–",
            )
            for call in calls
        ],
    )


def _target(calls: Sequence[Call]) -> Target:
    most = max(calls, key=lambda call: call.searched)
    logged = most.requests == most.outcomes == most.searched
    return Target(
        aim=f"at least {LEAST_FACES} faces found and searched for in one call, each with its two entries",
        measured=f"{most.searched:,} of {most.found:,}, {most.requests:,} and {most.outcomes:,} entries, "
        f"{most.milliseconds:.0f} ms a face",
        met=most.searched >= LEAST_FACES and logged,
    )
