"""One frame of a camera with an enrolled face in it: the worker's look, and the keeper's search, alert and answer."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.harness.benchmark import Progress
from benchmarks.harness.consent import one_day
from benchmarks.harness.errors import MeasurementError
from benchmarks.start_up.start_up_gallery import fill
from benchmarks.walks.tracer import Tracer, Walk
from ingest.analysis.passage import SearchRule
from ingest.analysis.watch import Watch
from ingest.camera.camera import Camera
from ingest.messages.message import Identified
from ingest.settings import IngestSettings
from ingest.stream.frame import Frame
from ingest.supervision.sighting_search import SightingSearch
from matcher.clock import system_clock
from matcher.enrolment.enrolment import Picture
from matcher.matcher import Matcher
from matcher.picture.pixel_array import Image
from matcher.recognition.quality import QualityGate
from matcher.settings import MatcherSettings

WARM_UP = 3
_CAMERA = Camera(id="entrance", name="entrance", address="rtsp://192.0.2.1/", purpose="demo")
_SEED = 13


def frames(folder: Path, *, references: int, rounds: int, progress: Progress) -> Sequence[Walk]:
    """Walks of `rounds` frames, each the first of a passage, after some that are not counted."""
    from ingest.rehearsal.film.cast import volunteer
    from matcher.recognition.image import encode_jpeg

    picture = volunteer()
    fill(folder, references, progress, purpose=_CAMERA.purpose, seed=_SEED)
    tracer, walks = Tracer(), []
    tracer.install()
    try:
        with (
            Matcher.open(MatcherSettings(folder=folder)) as matcher,
            ThreadPoolExecutor(1, thread_name_prefix="worker") as worker,
            ThreadPoolExecutor(1, thread_name_prefix="keeper") as keeper,
            progress.step("frames", total=WARM_UP + rounds) as advance,
        ):
            enrolled = matcher.enroller.enrol(
                name="Eileen Collins",
                pictures=[Picture(label="portrait", data=encode_jpeg(picture))],
                consent=one_day(_CAMERA.purpose),
                actor="cli:benchmark",
            )
            for number in range(WARM_UP + rounds):
                watch, search = _watch(matcher), _search(matcher)
                frame = _frame(picture, number)
                tracer.begin()
                found = _walked(watch, search, frame, worker, keeper)
                walks.append(tracer.end())
                if found != enrolled.subject.id or len(matcher.alerts.alerts()) != number + 1:
                    raise MeasurementError("No alert names who was enrolled.", remedy="This is a fault: report it.")
                advance(1)
    finally:
        tracer.remove()
    return walks[WARM_UP:]


def _walked(
    watch: Watch, search: SightingSearch, frame: Frame, worker: ThreadPoolExecutor, keeper: ThreadPoolExecutor
) -> str | None:
    """From the frame to the alert and the worker's answer; returns the subject found."""
    looked = worker.submit(watch.look, frame).result()
    if len(looked.sightings) != 1:
        raise MeasurementError("The frame's face was not searched for.", remedy="This is a fault: report it.")
    sighting = looked.sightings[0]
    searched = keeper.submit(search.search, sighting).result()
    answer = Identified(passage=sighting.passage, search=sighting.search, subject_id=searched.subject_id)
    worker.submit(watch.identified, answer).result()
    return searched.subject_id


def _watch(matcher: Matcher) -> Watch:
    """A worker's analyser, with the default settings."""
    settings = IngestSettings()
    return Watch(
        matcher.recogniser,
        gate=QualityGate(min_eye_distance=_CAMERA.min_eye_distance),
        rule=SearchRule(
            better_by=settings.better_by,
            unmatched_again=settings.search_again_seconds,
            matched_again=settings.confirm_again_seconds,
        ),
        gap=settings.passage_gap_seconds,
    )


def _search(matcher: Matcher) -> SightingSearch:
    return SightingSearch(
        _CAMERA,
        identifier=matcher.identifier,
        alerts=matcher.alerts,
        alert_again_seconds=IngestSettings().alert_again_seconds,
    )


def _frame(picture: Image, number: int) -> Frame:
    import cv2

    height, width = picture.shape[:2]
    return Frame(
        number=number,
        arrived=time.monotonic(),
        captured_at=system_clock(),
        width=width,
        height=height,
        pixels=lambda: picture,
        shrunk=lambda across, down: cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA),
    )
