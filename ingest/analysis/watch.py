"""Analyses the frames of one camera: detects faces, follows them, takes samples, and decides which to search for.

It keeps only the last frame's faces. A template is made only for a search: it leaves this process in a Sighting and is
not kept here.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from ingest.analysis.passage import Passage, SearchRule
from ingest.analysis.stillness import Stillness
from ingest.analysis.stopwatch import Stopwatch
from ingest.analysis.track import Followed, Track, Tracker
from ingest.analysis.uprightness import Uprightness
from ingest.messages.message import Identified, Passed, Sighting
from ingest.stream.frame import Frame
from matcher.picture.pixel_array import Image
from matcher.probe.probe import Probe
from matcher.recognition.face import Box, Face
from matcher.recognition.quality import Quality, QualityGate, QualityReason
from matcher.recognition.recogniser import Recogniser

MOST_EXTRACTED = 1
"""The most templates from one frame, so that a crowd delays no search by much: the next frames serve the others."""

SMALLEST_FOUND = 12.0
"""The width in pixels, in the picture for detection, of a face with the least eye distance that the gate accepts and
the least FACE_PER_EYE_DISTANCE. Real faces of that eye distance are 13 to 17 pixels wide. The detector finds all
faces of 16 pixels, and one in ten of 12 pixels."""

FACE_PER_EYE_DISTANCE = 1.8
"""The least ratio of a detected face's width to its eye distance. Measured ratios are between 1.9 and 2.6."""

LEAST_DETECTED, MOST_DETECTED = 640, 1600
"""The bounds of the longer side, in pixels, of the picture for detection."""


UPRIGHT_SECONDS, EMPTY_SECONDS = 2.0, 5.0
"""The seconds between two orientation tests of a face, and between two of a picture without faces. Pictures are tested
too, since the detector finds only 11 of 80 upside-down faces that are 40 pixels wide. A test of a face takes 2 ms of a
core, a test of a 640×360 picture 29 ms: 0.1 % and 0.6 % of a core, until the orientation is known."""

AGAIN_SECONDS = 0.5
"""The seconds until a face that was not upright is tested again. The head may have moved; a test takes 2 ms."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """A track in the last frame, in that frame's pixels. present: False if its face was not detected there."""

    track: int
    box: Box
    present: bool
    subject_id: str | None
    refused: tuple[QualityReason, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """The result for one frame. picture: the scaled-down picture for detection."""

    seen: tuple[Seen, ...]
    sightings: tuple[Sighting, ...]
    passed: tuple[Passed, ...]
    picture: Image


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sample:
    """A sample that may be searched for. score: the quality score."""

    passage: Passage
    face: Face
    quality: Quality
    score: float


class Watch:
    """The analysis of one camera. One thread owns it. mirrored: the camera's setting.

    stopwatch: the thread's, which also measures the work on a frame before `look`.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        gate: QualityGate,
        rule: SearchRule,
        gap: float,
        mirrored: bool = False,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._recogniser = recogniser
        self._gate = gate
        self._rule = rule
        self._tracker = Tracker(gap=gap)
        self._passages: dict[int, Passage] = {}
        self._stillness = Stillness()
        self._mirrored = mirrored
        self._uprightness = Uprightness(recogniser, mirrored=mirrored)
        self._upright_due = 0.0
        self._again: dict[int, float] = {}
        """The time from which a face that was not upright may be tested again, by passage."""
        self._empty_due: float | None = None
        self._size = (0, 0)
        self._faces: list[Face] = []
        """The faces of the last detection, in a frame of `_size`."""
        self._present: tuple[Track, ...] = ()
        """The tracks with a face in the last frame."""
        self._stopwatch = stopwatch or Stopwatch()
        self.refused: Counter[str] = Counter()

    @property
    def turned(self) -> int | None:
        """The degrees clockwise to add to the camera's rotation: 90, 180 or 270; None if 0 or not known yet."""
        return self._uprightness.turned or None

    def reconnected(self) -> None:
        """Call it when the stream was opened again: the camera's orientation may have changed."""
        self._uprightness = Uprightness(self._recogniser, mirrored=self._mirrored)

    def look(self, frame: Frame, *, hurried: bool = False) -> Looked:
        """Analyses one frame. Pass frames in the order of their arrival. A damaged frame serves only to follow faces.

        hurried: the machine cannot keep up. Then only passages that were not searched for yet are searched for.
        """
        picture = frame.shrunk(*self._detected_size(frame))
        still = self._stillness.holds(picture, frame.arrived)
        self._stopwatch.lap("convert")
        faces = self._found(frame, picture, still=still, hurried=hurried)
        followed = self._followed(faces, frame.arrived)
        self._stopwatch.lap("track")
        self._present = followed.seen
        fit = frame.samples and not frame.damaged
        sightings, refused = self._searches(frame, followed.seen, hurried) if fit else ((), {})
        if not (sightings or hurried or frame.damaged):
            self._test_upright(frame, picture, faces)
        passed = tuple(self._ended(track) for track in followed.ended)
        return Looked(seen=self._seen(followed, refused, frame), sightings=sightings, passed=passed, picture=picture)

    def wants_samples(self, moment: float, *, hurried: bool = False) -> bool:
        """Whether a face in the last frame is due for a sample and large enough for the quality gate.

        hurried: as for `look`, which then ignores passages that were searched for already.
        """
        return any(
            self._wants(self._passages[track.number], moment, hurried)
            and _eye_distance(track.face) >= self._gate.min_eye_distance
            for track in self._present
        )

    def expire(self, moment: float) -> tuple[Passed, ...]:
        """Ends passages while no frames arrive."""
        ended = tuple(self._ended(track) for track in self._tracker.expire(moment))
        self._present = tuple(track for track in self._present if track.number in self._passages)
        return ended

    def identified(self, answer: Identified) -> None:
        """Takes the answer to a Sighting. The answer for a passage that has ended is ignored."""
        passage = self._passages.get(answer.passage)
        if passage is not None:
            passage.answered(answer.search, answer.subject_id)

    def forget(self, subject_id: str) -> None:
        """Removes this subject from every passage: the next view shows the face without a name."""
        for passage in self._passages.values():
            if passage.subject_id == subject_id:
                passage.doubt()

    def _found(self, frame: Frame, picture: Image, *, still: bool, hurried: bool) -> list[Face]:
        """Returns the faces in the frame, in its pixels. If the view is still, they are those of the last detection.

        If a sample is due, faces are detected again: its landmarks must come from its own picture.
        """
        size = (frame.width, frame.height)
        if not still or size != self._size or self.wants_samples(frame.arrived, hurried=hurried):
            found = self._recogniser.detect([picture])[0]
            self._stopwatch.lap("detect")
            across, down = frame.width / picture.shape[1], frame.height / picture.shape[0]
            self._size, self._faces = size, [_scaled(face, across, down) for face in found]
        return self._faces

    def _followed(self, faces: Sequence[Face], moment: float) -> Followed:
        """Joins the faces to tracks, and gives each track a passage. A doubtful track makes its passage doubtful."""
        followed = self._tracker.follow(faces, moment)
        for track in followed.seen:
            passage = self._passages.setdefault(track.number, Passage(number=track.number, started=track.first_seen))
            if track.doubtful:
                passage.doubt()
        for track in followed.lost:
            self._passages[track.number].doubt()
        return followed

    def _test_upright(self, frame: Frame, picture: Image, faces: Sequence[Face]) -> None:
        """Tests the orientation of a face or the picture at intervals, until it is known which way up faces stand."""
        moment = frame.arrived
        if self._empty_due is None:
            self._empty_due = moment + EMPTY_SECONDS
        if self._uprightness.turned is not None:
            return
        if faces and moment >= self._upright_due:
            self._upright_due = moment + UPRIGHT_SECONDS
            shown = _scaled(faces[0], picture.shape[1] / frame.width, picture.shape[0] / frame.height)
            self._uprightness.look_at(picture, shown)
            self._stopwatch.lap("detect")
        elif not faces and moment >= self._empty_due:
            voted = self._uprightness.look(picture)
            self._stopwatch.lap("detect")
            self._empty_due = moment + (UPRIGHT_SECONDS if voted else EMPTY_SECONDS)

    def _detected_size(self, frame: Frame) -> tuple[int, int]:
        """The least size at which the smallest searchable face is found, since detection takes most of the time."""
        longest = max(frame.width, frame.height)
        wanted = longest * SMALLEST_FOUND / (self._gate.min_eye_distance * FACE_PER_EYE_DISTANCE)
        share = min(1.0, min(max(wanted, LEAST_DETECTED), MOST_DETECTED) / longest)
        return max(1, round(frame.width * share)), max(1, round(frame.height * share))

    def _wants(self, passage: Passage, moment: float, hurried: bool) -> bool:
        again = self._again.get(passage.number, -math.inf)
        return moment >= again and (passage.unsearched or not hurried) and passage.wants_sample(self._rule, moment)

    def _searches(
        self, frame: Frame, tracks: Sequence[Track], hurried: bool
    ) -> tuple[tuple[Sighting, ...], dict[int, tuple[QualityReason, ...]]]:
        """Returns the searches to make from this frame, and the reasons for refused samples, by track."""
        refused: dict[int, tuple[QualityReason, ...]] = {}
        wanted: list[tuple[Passage, Face]] = []
        for track in tracks:
            passage = self._passages[track.number]
            if not self._wants(passage, frame.arrived, hurried):
                continue
            if _eye_distance(track.face) < self._gate.min_eye_distance:
                refused[track.number] = self._refuse((QualityReason.TOO_SMALL,))
            else:
                wanted.append((passage, track.face))
        if not wanted:
            return (), refused
        image = frame.pixels()
        self._stopwatch.lap("convert")
        qualities = self._recogniser.assess([image] * len(wanted), [face for _, face in wanted])
        self._stopwatch.lap("assess")
        samples = []
        for (passage, face), quality in zip(wanted, qualities, strict=True):
            reasons, score = self._gate.judge(quality), quality.score
            if reasons:
                refused[passage.number] = self._refuse(reasons)
            elif passage.wants_search(self._rule, score, frame.arrived):
                samples.append(_Sample(passage=passage, face=face, quality=quality, score=score))
        # Passages that were not searched for yet come first; within both groups the best sample comes first.
        samples.sort(key=attrgetter("passage.unsearched", "score"), reverse=True)
        return self._sightings(frame, image, self._upright(frame, image, samples, refused)), refused

    def _upright(
        self,
        frame: Frame,
        image: Image,
        samples: Sequence[_Sample],
        refused: dict[int, tuple[QualityReason, ...]],
    ) -> list[_Sample]:
        """The first upright samples, at most MOST_EXTRACTED. Samples before them that are not upright are refused.

        Only samples that passed the gate are tested, since the test takes as long as the gate's other measurements.
        """
        upright: list[_Sample] = []
        for sample in samples:
            if len(upright) == MOST_EXTRACTED:
                break
            (quarters,) = self._recogniser.orientations([image], [sample.face])
            self._stopwatch.lap("assess")
            if quarters == 0:
                upright.append(sample)
                continue
            passage = sample.passage.number
            self._again[passage] = frame.arrived + AGAIN_SECONDS
            refused[passage] = self._refuse((QualityReason.NOT_UPRIGHT,))
        return upright

    def _sightings(self, frame: Frame, image: Image, samples: Sequence[_Sample]) -> tuple[Sighting, ...]:
        if not samples:
            return ()
        from matcher.recognition.image import face_jpeg

        templates = self._recogniser.extract([image] * len(samples), [sample.face for sample in samples])
        self._stopwatch.lap("extract")
        sightings = []
        for sample, template in zip(samples, templates, strict=True):
            passage = sample.passage
            passage.asked(sample.score, frame.arrived)
            sightings.append(
                Sighting(
                    passage=passage.number,
                    search=passage.searched,
                    captured_at=frame.captured_at,
                    arrived=frame.arrived,
                    sent=time.monotonic(),
                    probe=Probe(template=template, quality=sample.quality, crop=face_jpeg(image, sample.face)),
                )
            )
        return tuple(sightings)

    def _refuse(self, reasons: tuple[QualityReason, ...]) -> tuple[QualityReason, ...]:
        self.refused.update(reason.value for reason in reasons)
        return reasons

    def _seen(
        self, followed: Followed, refused: dict[int, tuple[QualityReason, ...]], frame: Frame
    ) -> tuple[Seen, ...]:
        here = [(track, track.face.box, True) for track in followed.seen]
        expected = [(track, track.expected(frame.arrived), False) for track in followed.lost]
        return tuple(
            Seen(
                track=track.number,
                box=box,
                present=present,
                subject_id=self._passages[track.number].name(self._rule, frame.arrived),
                refused=refused.get(track.number, ()),
            )
            for track, box, present in (*here, *expected)
        )

    def _ended(self, track: Track) -> Passed:
        passage = self._passages.pop(track.number)
        self._again.pop(track.number, None)
        return Passed(passage=passage.number)


def _eye_distance(face: Face) -> float:
    return float(np.hypot(*(face.landmarks[1] - face.landmarks[0])))


def _scaled(face: Face, across: float, down: float) -> Face:
    """Returns the face in the coordinates of a picture scaled by these factors. Pixel centres have whole numbers."""
    box, scale = face.box, np.array([across, down])
    x, y = (np.array([box.x, box.y]) + 0.5) * scale - 0.5
    return Face(
        box=Box(x=float(x), y=float(y), width=box.width * across, height=box.height * down),
        landmarks=((face.landmarks + 0.5) * scale - 0.5).astype(np.float32),
        score=face.score,
    )
