"""What one camera's worker does with a frame: faces, tracks, samples, and the searches that are worth making.

Holds the last frame's faces only. A face that is not searched for leaves no template; what is searched for leaves this
process as a Sighting and is forgotten here.
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
"""Templates made of one frame, so that a crowd delays nobody's answer by much: the rest follow with the next frames."""

SMALLEST_FOUND = 12.0
"""Width in pixels that a face of the least FACE_PER_EYE_DISTANCE has in the picture faces are looked for in, if its
eyes are just far enough apart to be searched for. Real ones are 13 to 17 pixels wide then: the detector finds faces of
16 pixels with certainty, and of those of 12 one in ten."""

FACE_PER_EYE_DISTANCE = 1.8
"""A detected face is at least so many times as wide as its eyes are apart; measured faces lie between 1.9 and 2.6."""

LEAST_DETECTED, MOST_DETECTED = 640, 1600
"""Bounds on the longer side in pixels of the picture that faces are looked for in."""


UPRIGHT_SECONDS, EMPTY_SECONDS = 2.0, 5.0
"""Between two tests of which way up a face stands; and of a whole picture without a face in it. Of 80 faces
turned upside down the detector finds 11 at 40 pixels of width, so those it finds are not enough.
A test of a face takes 2 ms of a core, one of a 640×360 picture 29 ms: 0.1 % and 0.6 % of a core, until it is known.
"""

AGAIN_SECONDS = 0.5
"""After which a face that did not stand upright is tested again: a head may be turned by then, a test takes 2 ms."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """A track in the frame just looked at, in that frame's pixels. present: False if it was only expected there."""

    track: int
    box: Box
    present: bool
    subject_id: str | None
    refused: tuple[QualityReason, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """What came of one frame. picture: the scaled-down picture that faces were looked for in."""

    seen: tuple[Seen, ...]
    sightings: tuple[Sighting, ...]
    passed: tuple[Passed, ...]
    picture: Image


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sample:
    """score: the quality's."""

    passage: Passage
    face: Face
    quality: Quality
    score: float


class Watch:
    """The analysis of one camera. Owned by one thread. mirrored: the camera's setting.

    stopwatch: that of the thread, which goes on from what was done to a frame before it is looked at.
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
        """By passage, when a face that did not stand upright may be tested again."""
        self._empty_due: float | None = None
        self._size = (0, 0)
        self._faces: list[Face] = []
        """As of the last look, in a frame of that size."""
        self._present: tuple[Track, ...] = ()
        """Who was in the last frame."""
        self._stopwatch = stopwatch or Stopwatch()
        self.refused: Counter[str] = Counter()

    @property
    def turned(self) -> int | None:
        """Degrees clockwise to add to the camera's rotation, when faces look turned: 90, 180 or 270."""
        return self._uprightness.turned or None

    def reconnected(self) -> None:
        """The camera's stream was opened again: it may hang another way by now."""
        self._uprightness = Uprightness(self._recogniser, mirrored=self._mirrored)

    def look(self, frame: Frame, *, hurried: bool = False) -> Looked:
        """Looks at one frame. Frames come in the order of their arrival. In a damaged one faces are followed, and
        nobody is searched for.

        hurried: the machine cannot keep up; whoever was searched for already must wait, so that others need not.
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
        """Whether anybody in the last frame is worth a search, or a closer look, and large enough for it.

        hurried: as for `look`, which would pass over the sample of whoever must wait.
        """
        return any(
            self._wants(self._passages[track.number], moment, hurried)
            and _eye_distance(track.face) >= self._gate.min_eye_distance
            for track in self._present
        )

    def expire(self, moment: float) -> tuple[Passed, ...]:
        """Ends passages when no frames come any more."""
        ended = tuple(self._ended(track) for track in self._tracker.expire(moment))
        self._present = tuple(track for track in self._present if track.number in self._passages)
        return ended

    def identified(self, answer: Identified) -> None:
        """Takes the answer to a Sighting. One for a passage that is over is passed over."""
        passage = self._passages.get(answer.passage)
        if passage is not None:
            passage.answered(answer.search, answer.subject_id)

    def forget(self, subject_id: str) -> None:
        """Takes this name off every passage: the next view shows a stranger."""
        for passage in self._passages.values():
            if passage.subject_id == subject_id:
                passage.doubt()

    def _found(self, frame: Frame, picture: Image, *, still: bool, hurried: bool) -> list[Face]:
        """The faces in the frame, in its pixels. In a view that stands still they are those of the last look.

        Not where a sample is wanted: its landmarks must be those of its own picture.
        """
        size = (frame.width, frame.height)
        if not still or size != self._size or self.wants_samples(frame.arrived, hurried=hurried):
            found = self._recogniser.detect([picture])[0]
            self._stopwatch.lap("detect")
            across, down = frame.width / picture.shape[1], frame.height / picture.shape[0]
            self._size, self._faces = size, [_scaled(face, across, down) for face in found]
        return self._faces

    def _followed(self, faces: Sequence[Face], moment: float) -> Followed:
        """The faces joined to tracks, each with its passage. Doubt about a track puts its passage into doubt."""
        followed = self._tracker.follow(faces, moment)
        for track in followed.seen:
            passage = self._passages.setdefault(track.number, Passage(number=track.number, started=track.first_seen))
            if track.doubtful:
                passage.doubt()
        for track in followed.lost:
            self._passages[track.number].doubt()
        return followed

    def _test_upright(self, frame: Frame, picture: Image, faces: Sequence[Face]) -> None:
        """Lets the picture vote, now and then, until it is known which way up faces stand."""
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
            somebody = self._uprightness.look(picture)
            self._stopwatch.lap("detect")
            self._empty_due = moment + (UPRIGHT_SECONDS if somebody else EMPTY_SECONDS)

    def _detected_size(self, frame: Frame) -> tuple[int, int]:
        """As small as it may be for the smallest face worth a search to be found: most of the analysis is detection."""
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
        """The searches this frame is worth, and by track why its sample was not."""
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
        # First the passages that were not searched for yet; among them, and among the others, the best sample.
        samples.sort(key=attrgetter("passage.unsearched", "score"), reverse=True)
        return self._sightings(frame, image, self._upright(frame, image, samples, refused)), refused

    def _upright(
        self,
        frame: Frame,
        image: Image,
        samples: Sequence[_Sample],
        refused: dict[int, tuple[QualityReason, ...]],
    ) -> list[_Sample]:
        """The first samples that stand upright, as many as may be extracted. Those before them that do not are refused.

        What passed the gate is tested only here, since the test takes as long as all else that the gate measures.
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
    """The face in the coordinates of a picture so many times as large. Whole numbers are the middles of pixels."""
    box, scale = face.box, np.array([across, down])
    x, y = (np.array([box.x, box.y]) + 0.5) * scale - 0.5
    return Face(
        box=Box(x=float(x), y=float(y), width=box.width * across, height=box.height * down),
        landmarks=((face.landmarks + 0.5) * scale - 0.5).astype(np.float32),
        score=face.score,
    )
