"""Compares the cameras' results with the scene's ground truth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.harness.overlap import OVERLAP, overlap
from benchmarks.streams.recording import Recording, Seen
from benchmarks.streams.synchronisation import Timeline, synchronise
from ingest.rehearsal.film.scene import Appearance, Passage, Scene
from matcher.recognition.face import Box

TOLERANCE = 3
"""Frames by which a moment's place in the scene may be mistaken: an alert's lies between those of two views."""

NAMING_SECONDS = 1.5
"""Seconds after its alert's frame within which a name appears in the views."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of one passage. eye_distance: the greatest, in pixels, with the whole face visible; 0 if it never was.
    boxed: analysed frames with a box on the face. named: the people that views named for it. raised: the people that
    alerts about it named.
    """

    passage: Passage
    eye_distance: float
    boxed: int
    named: frozenset[str]
    raised: frozenset[str]

    @property
    def identified(self) -> bool:
        """An alert named the right person."""
        return self.passage.person is not None and self.passage.person in self.raised

    @property
    def misnamed(self) -> bool:
        """An alert or a view named another person: for a stranger, any person."""
        return bool((self.named | self.raised) - {self.passage.person})


@dataclass(frozen=True, kw_only=True)
class Score:
    """All passages of one camera. unplaced: alerts that fit nobody in view. lags: seconds that frames came late."""

    outcomes: Sequence[Outcome]
    unplaced: int
    lags: Sequence[float]


def score(scene: Scene, recording: Recording, names: Mapping[str, str]) -> Score:
    """Counts each passage once: in the stream's first round if it began after the measurement did, else in the second.

    names: subject id to the person's name in the scene. MeasurementError: the recording cannot be aligned with the
    scene.
    """
    timeline = synchronise(scene, recording)
    begins = timeline.place(recording.begins)
    spans = {passage.number: _span(scene, passage, begins) for passage in scene.passages}
    placed = [(seconds, box, _about(scene, seconds, box)) for seconds, box in _boxes(recording.seen, scene, timeline)]
    boxed = dict.fromkeys(spans, 0)
    named: dict[int, set[str]] = {number: set() for number in spans}
    raised: dict[int, set[str]] = {number: set() for number in spans}
    for seconds, (_, subject_id), passage in placed:
        if passage is not None and _within(spans[passage.number], seconds):
            boxed[passage.number] += 1
            if subject_id is not None:
                named[passage.number].add(names.get(subject_id, subject_id))
    unplaced = 0
    for alert in recording.raised:
        seconds = timeline.place(alert.seconds)
        number = _subject_of(scene, seconds, alert.subject_id, placed, names)
        if number is None:
            unplaced += seconds >= begins
        elif _within(spans[number], seconds):
            raised[number].add(names.get(alert.subject_id, alert.subject_id))
    return Score(
        outcomes=[
            Outcome(
                passage=passage,
                eye_distance=max((a.eye_distance for a in passage.appearances if a.visible > 0.95), default=0.0),
                boxed=boxed[passage.number],
                named=frozenset(named[passage.number]),
                raised=frozenset(raised[passage.number]),
            )
            for passage in scene.passages
        ],
        unplaced=unplaced,
        lags=timeline.lags,
    )


def _boxes(seen: Sequence[Seen], scene: Scene, timeline: Timeline) -> Iterator[tuple[float, tuple[Box, str | None]]]:
    for one in seen:
        for drawn in one.boxes:
            yield timeline.place(one.seconds), (_in_pixels(drawn.box, scene), drawn.subject_id)


def _in_pixels(share: Box, scene: Scene) -> Box:
    """A view's box in the scene's pixels."""
    return Box(
        x=share.x * scene.width,
        y=share.y * scene.height,
        width=share.width * scene.width,
        height=share.height * scene.height,
    )


def _span(scene: Scene, passage: Passage, begins: float) -> tuple[float, float]:
    """The stream's seconds in which the passage counts."""
    first, last = passage.first / scene.fps, passage.last / scene.fps
    slack = TOLERANCE / scene.fps
    later = 0.0 if first >= begins else scene.seconds
    return first + later - slack, last + later + slack


def _within(span: tuple[float, float], seconds: float) -> bool:
    return span[0] <= seconds <= span[1]


def _about(scene: Scene, seconds: float, drawn: tuple[Box, str | None]) -> Passage | None:
    """The passage whose face the box is on."""
    found = [(overlap(face.box, drawn[0]), passage) for passage, face in _near(scene, seconds)]
    best = max(found, key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] >= OVERLAP else None


def _near(scene: Scene, seconds: float) -> Iterator[tuple[Passage, Appearance]]:
    """All people in the frame of that moment and in its neighbours."""
    frame = round(seconds * scene.fps)
    for offset in range(-TOLERANCE, TOLERANCE + 1):
        yield from scene.present((frame + offset) % scene.frames)


def _subject_of(
    scene: Scene,
    moment: float,
    named: str,
    placed: Sequence[tuple[float, tuple[Box, str | None], Passage | None]],
    names: Mapping[str, str],
) -> int | None:
    """The passage an alert is about: the one whose box bears the name soon after, else the person's own if in view."""
    for seconds, (_, subject_id), passage in placed:
        soon = 0 <= seconds - moment <= NAMING_SECONDS
        if soon and subject_id == named and passage is not None:
            return passage.number
    name = names.get(named)
    if name is None:
        return None
    return next((passage.number for passage, _ in _near(scene, moment) if passage.person == name), None)
