import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from ingest.analysis.passage import SearchRule
from ingest.analysis.uprightness import LEAST_VOTES
from ingest.analysis.watch import AGAIN_SECONDS, EMPTY_SECONDS, MOST_EXTRACTED, UPRIGHT_SECONDS, Watch
from ingest.messages.message import Identified
from ingest.stream.frame import Frame
from ingest.worker.view import blur, make_view
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box, Face
from matcher.recognition.quality import Quality, QualityGate
from matcher.recognition.template import Template
from tests.ingest.stubs.ingest_stub import BrightRecogniser, face_at, quality

SIZE = (1280, 720)


class Scripted(BrightRecogniser):
    """Finds what it is told to, in a picture of any size; remembers what it was asked."""

    def __init__(self) -> None:
        self.faces: list[Face] = []
        self.quality = quality()
        self.extracted = 0
        self.turned_tests = 0
        """How often it was asked how a face stands: in a view, and below of a sample."""
        self.sample_tests = 0
        self.upright_after: int | None = 0
        """Quarter turns clockwise after which faces stand upright."""
        self.lying_from = math.inf
        """Where, in pixels across, faces lie however others stand."""
        self.detected_in: list[tuple[int, int]] = []

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        image = images[0]
        self.detected_in.append((image.shape[1], image.shape[0]))
        scale = image.shape[1] / SIZE[0]
        return [[_scaled(face, scale) for face in self.faces]]

    def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
        return [self.quality for _ in faces]

    def orientations(self, images: Sequence[Image], faces: Sequence[Face]) -> list[int | None]:
        sample = images[0].shape[1] == SIZE[0]
        self.sample_tests += sample
        self.turned_tests += not sample
        return [2 if face.box.x >= self.lying_from else self.upright_after for face in faces]

    def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
        self.extracted += len(faces)
        return super().extract(images, faces)


def _scaled(face: Face, scale: float) -> Face:
    """Whole numbers are the middles of pixels, as OpenCV and YuNet have them."""
    box = face.box
    x, y = (box.x + 0.5) * scale - 0.5, (box.y + 0.5) * scale - 0.5
    shrunk = Box(x=x, y=y, width=box.width * scale, height=box.height * scale)
    return Face(box=shrunk, landmarks=(face.landmarks + 0.5) * scale - 0.5, score=face.score)


def frame(moment: float, image: Image | None = None) -> Frame:
    # Brighter from frame to frame: not one of them stands still.
    picture = np.full((SIZE[1], SIZE[0], 3), 60 + round(moment * 25) * 11 % 97, np.uint8) if image is None else image
    return Frame(
        number=round(moment * 25),
        arrived=moment,
        captured_at=datetime.now(UTC),
        width=SIZE[0],
        height=SIZE[1],
        pixels=lambda: picture,
        shrunk=lambda width, height: cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA),
    )


@pytest.fixture
def recogniser() -> Scripted:
    return Scripted()


@pytest.fixture
def watch(recogniser: Scripted) -> Watch:
    return Watch(recogniser, gate=QualityGate(), rule=SearchRule(), gap=1.5)


def test_faces_come_back_in_the_pixels_of_the_whole_picture(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    seen = watch.look(frame(0.0)).seen[0]
    assert recogniser.detected_in == [(640, 360)]
    assert (seen.box.x, seen.box.y, seen.box.width) == pytest.approx((400, 300, 100), abs=0.01)


@pytest.mark.parametrize(("eyes", "width"), [(20.0, 640), (12.0, 711), (4.0, 1280)])
def test_smaller_faces_are_looked_for_in_larger_pictures(recogniser: Scripted, eyes: float, width: int) -> None:
    Watch(recogniser, gate=QualityGate(min_eye_distance=eyes), rule=SearchRule(), gap=1.5).look(frame(0.0))
    assert recogniser.detected_in[0][0] == width


def test_a_passage_is_searched_once_and_reported_when_over(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    first = watch.look(frame(0.0))
    assert [(one.passage, one.search) for one in first.sightings] == [(1, 1)]
    crop = first.sightings[0].probe.crop
    assert crop is not None and crop[:2] == b"\xff\xd8"
    watch.identified(Identified(passage=1, search=1, subject_id=None))
    for step in range(1, 20):
        assert watch.look(frame(0.2 * step)).sightings == ()
    assert recogniser.extracted == 1
    recogniser.faces = []
    (passed,) = watch.look(frame(6.0)).passed
    assert passed.passage == 1
    watch.identified(Identified(passage=1, search=1, subject_id="too late"))


def test_a_clearly_better_sample_is_searched_again(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    recogniser.quality = quality(eye_distance=21, sharpness=40)
    watch.look(frame(0.0))
    watch.identified(Identified(passage=1, search=1, subject_id=None))
    recogniser.quality = quality(eye_distance=60, sharpness=400)
    assert watch.look(frame(1.2), hurried=True).sightings == ()
    (again,) = watch.look(frame(1.4)).sightings
    assert again.search == 2


def test_a_face_the_gate_refuses_leaves_no_template_but_a_reason(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    recogniser.quality = quality(sharpness=1)
    looked = watch.look(frame(0.0))
    assert looked.sightings == () and recogniser.extracted == 0
    assert [reason.value for reason in looked.seen[0].refused] == ["blurred"]
    assert watch.refused == {"blurred": 1}
    (passed,) = watch.expire(5.0)
    assert passed.passage == 1 and set(watch.refused) == {"blurred"}


@pytest.mark.parametrize("quarters", [1, 2, 3, None])
def test_a_face_that_does_not_stand_upright_is_not_searched_for(
    watch: Watch, recogniser: Scripted, quarters: int | None
) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    recogniser.upright_after = quarters
    looked = watch.look(frame(0.0))
    assert looked.sightings == () and recogniser.extracted == 0
    assert [reason.value for reason in looked.seen[0].refused] == ["not_upright"]
    assert watch.refused == {"not_upright": 1}
    recogniser.upright_after = 0
    assert watch.look(frame(AGAIN_SECONDS - 0.1)).sightings == ()
    assert recogniser.sample_tests == 1, "not in every frame"
    assert len(watch.look(frame(AGAIN_SECONDS)).sightings) == 1, "the head is up again"
    assert recogniser.sample_tests == 2


def test_a_face_is_tested_once_for_each_search(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    for step in range(20):
        for asked in watch.look(frame(0.2 * step)).sightings:
            watch.identified(Identified(passage=asked.passage, search=asked.search, subject_id=None))
    assert recogniser.sample_tests == recogniser.extracted == 1


def test_faces_that_lie_hold_up_nobody_who_stands(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(150.0 * column, 300, 100) for column in (7, 6, 5, 1)]
    recogniser.lying_from = 500.0
    looked = watch.look(frame(0.0))
    assert [one.passage for one in looked.sightings] == [4]
    assert watch.refused == {"not_upright": 3}


def test_a_tilted_head_is_refused_by_its_roll(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    recogniser.quality = replace(quality(), roll=60.0)
    assert [reason.value for reason in watch.look(frame(0.0)).seen[0].refused] == ["not_upright"]
    assert recogniser.sample_tests == 0


def test_a_small_face_is_refused_before_it_is_assessed(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 40)]
    recogniser.assess = None  # type: ignore[assignment,method-assign]
    assert [reason.value for reason in watch.look(frame(0.0)).seen[0].refused] == ["too_small"]


def test_a_crowd_is_searched_a_few_at_a_time_until_all_were(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(150.0 * column, 300, 100) for column in range(7)]
    asked = []
    for step in range(7):
        sightings = watch.look(frame(0.1 * step), hurried=True).sightings
        assert len(sightings) <= MOST_EXTRACTED
        asked += [one.passage for one in sightings]
    assert sorted(asked) == [1, 2, 3, 4, 5, 6, 7]


def test_the_name_of_a_match_stands_on_its_track(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    watch.look(frame(0.0))
    watch.identified(Identified(passage=1, search=1, subject_id="anna"))
    assert watch.look(frame(0.2)).seen[0].subject_id == "anna"


def named(watch: Watch, recogniser: Scripted) -> None:
    """Anna, at 400, 300."""
    recogniser.faces = [face_at(400, 300, 100)]
    watch.look(frame(0.0))
    watch.identified(Identified(passage=1, search=1, subject_id="anna"))
    assert watch.look(frame(0.2)).seen[0].subject_id == "anna"


def test_a_name_that_is_not_confirmed_in_time_ends(watch: Watch, recogniser: Scripted) -> None:
    named(watch, recogniser)
    recogniser.quality = quality(sharpness=1)
    for step in range(2, 125):
        assert watch.look(frame(0.2 * step)).seen[0].subject_id == "anna"
    assert watch.look(frame(25.0)).seen[0].subject_id is None


def test_a_forgotten_name_is_off_in_the_next_view(watch: Watch, recogniser: Scripted) -> None:
    named(watch, recogniser)
    watch.forget("bert")
    assert watch.look(frame(0.4)).seen[0].subject_id == "anna"
    watch.forget("anna")
    assert watch.look(frame(0.6)).seen[0].subject_id is None


@pytest.mark.parametrize(("missing", "x"), [(True, 410), (False, 470)])
def test_who_may_be_somebody_else_loses_the_name_and_is_searched_for(
    watch: Watch, recogniser: Scripted, missing: bool, x: float
) -> None:
    """Anna leaves and a stranger appears close by: the name must not be the stranger's."""
    named(watch, recogniser)
    if missing:
        recogniser.faces = []
        assert [one.subject_id for one in watch.look(frame(0.4)).seen] == [None]
    recogniser.faces = [face_at(x, 300, 100)]
    looked = watch.look(frame(0.6))
    assert [(one.track, one.subject_id) for one in looked.seen] == [(1, None)]
    (again,) = watch.look(frame(1.1), hurried=True).sightings
    assert again.search == 2
    watch.identified(Identified(passage=1, search=1, subject_id="anna"))
    assert watch.look(frame(1.2)).seen[0].subject_id is None, "an answer about the person who was there before"
    watch.identified(Identified(passage=1, search=2, subject_id="bert"))
    assert watch.look(frame(1.3)).seen[0].subject_id == "bert"


def checkered() -> Image:
    """Fine detail everywhere: whatever is blurred loses it."""
    picture = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    picture[:, (np.arange(SIZE[0]) // 8) % 2 == 0] = 200
    return picture


def detail(jpeg: bytes, box: Box) -> float:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    height, width = image.shape[:2]
    left, top = round(box.x * width), round(box.y * height)
    part = image[top : top + round(box.height * height), left : left + round(box.width * width)]
    return float(np.abs(np.diff(part.astype(float), axis=1)).mean())


def test_strangers_are_blurred_and_the_identified_are_not(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(200, 300, 100), face_at(800, 300, 100)]
    picture = checkered()
    watch.look(frame(0.0, picture))
    watch.identified(Identified(passage=1, search=1, subject_id="anna"))
    watch.identified(Identified(passage=2, search=1, subject_id=None))
    now = frame(0.2, picture)
    looked = watch.look(now)
    view = make_view(now, looked.picture, looked.seen, width=640)
    known, stranger = view.boxes
    assert (known.subject_id, stranger.subject_id) == ("anna", None)
    assert detail(view.jpeg, known.box) > 10
    assert detail(view.jpeg, stranger.box) < 2


def test_a_face_the_detector_misses_for_a_moment_stays_blurred(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(200, 300, 100)]
    picture = checkered()
    box = watch.look(frame(0.0, picture)).seen[0].box
    watch.identified(Identified(passage=1, search=1, subject_id="anna"))
    recogniser.faces = []
    picture = picture.copy()
    picture[-40:, -40:] = 0
    now = frame(0.2, picture)
    looked = watch.look(now)
    view = make_view(now, looked.picture, looked.seen, width=640)
    share = replace(box, x=box.x / SIZE[0], y=box.y / SIZE[1], width=box.width / SIZE[0], height=box.height / SIZE[1])
    assert view.boxes == ()
    assert detail(view.jpeg, share) < 2


def test_where_faces_look_turned_the_whole_view_is_hidden(watch: Watch) -> None:
    now = frame(0.0, checkered())
    looked = watch.look(now)
    open_view, hidden = (make_view(now, looked.picture, (), width=640, hidden=one) for one in (False, True))
    everywhere = Box(x=0.0, y=0.0, width=1.0, height=1.0)
    assert detail(open_view.jpeg, everywhere) > 10
    assert detail(hidden.jpeg, everywhere) < 2


@pytest.mark.parametrize(
    "box", [(-0.5, -0.5, 0.6, 0.6), (0.99, 0.99, 0.5, 0.5), (2.0, 2.0, 0.1, 0.1), (0.5, 0.5, 0.0, 0.0), (0, 0, 1, 1)]
)
def test_boxes_over_the_edge_are_blurred_as_far_as_they_are_inside(box: tuple[float, float, float, float]) -> None:
    image = np.random.default_rng(1).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    before = image.copy()
    blur(image, Box(x=box[0], y=box[1], width=box[2], height=box[3]))
    assert image.shape == before.shape
    assert (image != before).any() == (box[0] < 1 and box[2] > 0)


def test_a_view_is_small(watch: Watch) -> None:
    now = frame(0.0)
    view = make_view(now, now.pixels(), (), width=640)
    image = cv2.imdecode(np.frombuffer(view.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None and image.shape == (360, 640, 3)


def small_frame(moment: float) -> Frame:
    """A substream's, a third as large, standing for one of the main stream."""
    picture = np.full((SIZE[1] // 3, SIZE[0] // 3, 3), 90, np.uint8)
    small = replace(
        frame(moment),
        width=SIZE[0] // 3,
        height=SIZE[1] // 3,
        pixels=lambda: picture,
        shrunk=lambda width, height: cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA),
    )
    return small.standing_for(*SIZE)


def test_faces_of_a_substream_are_followed_and_searched_for_in_the_main_stream(
    watch: Watch, recogniser: Scripted
) -> None:
    assert not watch.wants_samples(0.0)
    recogniser.faces = [face_at(400, 300, 100)]
    looked = watch.look(small_frame(0.0))
    assert recogniser.detected_in == [(SIZE[0] // 3, SIZE[1] // 3)], "it is not scaled up"
    assert (looked.seen[0].track, looked.sightings, recogniser.extracted) == (1, (), 0)
    assert watch.wants_samples(0.1) and watch.wants_samples(0.1, hurried=True)
    looked = watch.look(frame(0.2))
    assert [(one.passage, one.search) for one in looked.sightings] == [(1, 1)]
    assert not watch.wants_samples(0.3), "its answer is waited for"
    watch.identified(Identified(passage=1, search=1, subject_id=None))
    looked = watch.look(small_frame(0.4))
    assert (looked.seen[0].track, looked.seen[0].box.x) == (1, pytest.approx(400, abs=0.01))
    assert not watch.wants_samples(0.5)
    assert watch.wants_samples(1.3)
    assert not watch.wants_samples(1.3, hurried=True), "who was searched for must wait, and no picture is decoded"
    watch.expire(10.0)
    assert not watch.wants_samples(10.0)


def test_a_face_too_small_for_a_search_wants_no_sample(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 30)]
    watch.look(small_frame(0.0))
    assert not watch.wants_samples(0.1)


def test_in_a_still_view_nobody_is_looked_for_and_nobody_lost(watch: Watch, recogniser: Scripted) -> None:
    still = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    recogniser.faces = [face_at(400, 300, 100)]
    (asked,) = watch.look(frame(0.0, still)).sightings
    recogniser.faces = []
    for step in range(1, 5):
        (seen,) = watch.look(frame(0.2 * step, still)).seen
        assert (seen.track, seen.present, seen.box.x) == (1, True, pytest.approx(400, abs=0.01))
    assert len(recogniser.detected_in) == 1
    watch.identified(Identified(passage=asked.passage, search=1, subject_id=None))
    assert not watch.look(frame(1.2, still)).seen[0].present, "a sample is worth it, so it was looked at"
    assert len(recogniser.detected_in) == 2


def test_a_still_view_is_looked_at_every_other_second(watch: Watch, recogniser: Scripted) -> None:
    still = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    for step in range(16):
        watch.look(frame(0.25 * step, still))
    assert len(recogniser.detected_in) == 2
    recogniser.faces = [face_at(400, 300, 100)]
    assert len(watch.look(frame(4.0, still)).sightings) == 1
    watch.look(replace(frame(4.2, still), width=SIZE[0] // 2, height=SIZE[1] // 2))
    assert len(recogniser.detected_in) == 4, "another picture is looked at"


def test_in_a_damaged_frame_faces_are_followed_and_nobody_is_searched_for(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    looked = watch.look(replace(frame(0.0), damaged=True))
    assert (looked.seen[0].track, looked.sightings, recogniser.extracted) == (1, (), 0)
    assert watch.look(replace(frame(0.2), damaged=True)).sightings == ()
    (asked,) = watch.look(frame(0.4)).sightings
    assert (asked.passage, asked.search) == (1, 1), "the same passage"
    assert make_view(replace(frame(0.6), damaged=True), frame(0.6).pixels(), (), width=320).jpeg


def test_which_way_up_faces_stand_is_tested_now_and_then_until_it_is_known(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    recogniser.upright_after = 2
    step = 0
    while watch.turned is None:
        assert step * 0.2 < (LEAST_VOTES + 1) * UPRIGHT_SECONDS
        watch.look(frame(0.2 * step))
        step += 1
    assert watch.turned == 180
    assert recogniser.turned_tests == LEAST_VOTES
    assert step * 0.2 > (LEAST_VOTES - 1) * UPRIGHT_SECONDS
    for later in range(50):
        watch.look(frame(20 + 0.2 * later))
    assert recogniser.turned_tests == LEAST_VOTES, "known"
    watch.reconnected()
    recogniser.upright_after = 0
    for later in range(100):
        watch.look(frame(40 + 0.2 * later))
    assert watch.turned is None, "it hangs upright now"
    assert recogniser.turned_tests == 2 * LEAST_VOTES, "which is known too"


def test_no_test_delays_a_search_or_a_machine_that_is_late(watch: Watch, recogniser: Scripted) -> None:
    recogniser.faces = [face_at(400, 300, 100)]
    assert watch.look(frame(0.0)).sightings
    assert recogniser.turned_tests == 0
    watch.look(frame(0.2), hurried=True)
    watch.look(replace(frame(0.4), damaged=True))
    assert recogniser.turned_tests == 0
    watch.look(frame(0.6))
    assert recogniser.turned_tests == 1


class UpsideDown(BrightRecogniser):
    """Finds a face only when its picture stands on its head, and counts how often it looks."""

    def __init__(self) -> None:
        self.looked = 0

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        self.looked += 1
        return [[face_at(0, 0)] if image[-1].mean() > 200 else [] for image in images]


def test_a_view_without_faces_is_now_and_then_looked_at_from_all_sides() -> None:
    recogniser = UpsideDown()
    watch = Watch(recogniser, gate=QualityGate(), rule=SearchRule(), gap=1.5)
    moments = [0.5 * step for step in range(2 * 200)]
    for moment in moments:
        picture = frame(moment).pixels()
        picture[:8] = 255
        watch.look(frame(moment, picture))
    assert watch.turned == 180
    assert recogniser.looked == len(moments) + 4 * LEAST_VOTES
    assert moments[-1] > (LEAST_VOTES + 1) * EMPTY_SECONDS


@pytest.mark.parametrize(("mirrored", "turned"), [(False, 90), (True, 270)])
def test_seen_in_a_mirror_a_camera_is_turned_the_other_way(recogniser: Scripted, mirrored: bool, turned: int) -> None:
    watch = Watch(recogniser, gate=QualityGate(), rule=SearchRule(), gap=1.5, mirrored=mirrored)
    recogniser.faces = [face_at(400, 300, 100)]
    recogniser.upright_after = 1
    for step in range(100):
        watch.look(frame(0.2 * step))
    assert watch.turned == turned
