"""A photograph of many people: each face is found at full resolution and is a search of its own, in the log as such."""

import dataclasses
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from scipy import ndimage

from matcher.audit.verification import verify_log
from matcher.log.entry import EntryKind
from matcher.log.schema import violation
from matcher.matcher import Matcher
from matcher.picture.pixel_array import Image
from matcher.probe.small_faces import SmallFaceGate
from matcher.recognition.face import Box, Face
from matcher.recognition.image import crop_face
from matcher.recognition.quality import Quality, QualityGate, QualityReason
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.template import Template
from matcher.recognition.tiles import TiledRecogniser
from matcher.search.crowd import CrowdSearcher, TooManyFacesError
from matcher.search.identification import QueryError
from matcher.settings import MatcherSettings

STEP = 40
"""Pixels from one painted face to the next."""


@pytest.fixture
def crowded(world: Any, stub: Any) -> Iterator[Matcher]:
    """A matcher to which each bright square is a face: its green says how bright, its blue who it is."""

    class Painted(stub.StubRecogniser):  # type: ignore[misc]
        def detect(self, images: Sequence[Image]) -> list[list[Face]]:
            return [_squares(image) for image in images]

        def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
            return [
                Quality(
                    eye_distance=0.5 * face.box.width,
                    sharpness=500.0,
                    yaw=0.0,
                    pitch=0.0,
                    roll=0.0,
                    brightness=128.0,
                    inside=1.0,
                )
                for face in faces
            ]

        def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
            return [stub.template(_person(image, face.box)) for image, face in zip(images, faces, strict=True)]

    settings = MatcherSettings(folder=world.folder)
    with Matcher.open(settings, recogniser=Painted(), operating_point=stub.POINT, clock=world.clock) as matcher:
        yield matcher


def _squares(image: Image) -> list[Face]:
    places = ndimage.find_objects(ndimage.label(image[:, :, 1] > 127)[0])
    faces = [
        Face(
            box=Box(x=x.start, y=y.start, width=x.stop - x.start, height=y.stop - y.start),
            landmarks=np.zeros((5, 2), np.float32),
            score=0.9,
        )
        for y, x in places
    ]
    return sorted(faces, key=lambda face: -face.box.width)


def _person(image: Image, box: Box) -> int:
    return int(image[int(box.y + box.height / 2), int(box.x + box.width / 2), 0])


def painted(people: Sequence[int], *, sides: Sequence[int] = (24,), across: int = 24) -> bytes:
    """A picture of squares of these sides, in rows of equal length."""
    rows = -(-len(people) // across)
    canvas = np.zeros((rows * STEP + 8, min(across, len(people)) * STEP + 8, 3), np.uint8)
    for place, person in enumerate(people):
        side = sides[place % len(sides)]
        top, left = 8 + STEP * (place // across), 8 + STEP * (place % across)
        canvas[top : top + side, left : left + side] = (0, 255, person)
    file = io.BytesIO()
    Pillow.fromarray(canvas).save(file, format="PNG")
    return file.getvalue()


def searcher(matcher: Matcher) -> CrowdSearcher:
    return CrowdSearcher(matcher.sampler, matcher.identifier)


@pytest.fixture
def enrolled(crowded: Matcher, world: Any) -> Any:
    from matcher.enrolment.enrolment import Picture

    def enrol(person: int) -> str:
        picture = Picture(label="x", data=painted([person], sides=[50]))
        enrolment = crowded.enroller.enrol(name="Ann", pictures=[picture], consent=world.consent(), actor="cli:test")
        return str(enrolment.subject.id)

    return enrol


def test_every_face_is_a_search_with_entries_of_its_own(crowded: Matcher, world: Any, enrolled: Any) -> None:
    ids = {person: enrolled(person) for person in (7, 200)}
    before, transactions = crowded.log.size(), crowded.log.transactions
    people = list(range(1, 201))
    crowd = searcher(crowded).find(painted(people, sides=[24, 30]), least_eye_distance=10)
    assert crowded.log.size() == before, "nothing is logged before anybody is searched for"
    done: list[tuple[int, int]] = []
    searched = searcher(crowded).search(crowd, world.query(camera="upload"), lambda *two: done.append(two))
    assert [one.face.index for one in searched] == list(range(1, 201))
    assert [one.face.box.width for one in searched] == [pytest.approx(side, abs=1) for side in [30] * 100 + [24] * 100]
    answers = [one.answer for one in searched]
    found = [[candidate.subject_id for candidate in answer.candidates] for answer in answers if answer]
    assert sorted(one for one in found if one) == sorted([one] for one in ids.values())
    assert done[-1] == (200, 200)

    entries = crowded.log.entries(before, 1_000)
    assert len({answer.request_index for answer in answers if answer}) == 200
    assert [entry.kind for entry in entries].count(EntryKind.REQUEST) == 200
    assert [entry.kind for entry in entries].count(EntryKind.OUTCOME) == 200
    assert crowded.log.transactions - transactions == 8, "four rounds of at most 64 searches, two transactions each"
    by_index = {entry.index: entry for entry in entries}
    for one in searched:
        assert one.answer is not None
        assert by_index[one.answer.request_index].body["origin"] == {
            "photograph": crowd.id,
            "face": one.face.index,
            "searched": 200,
            "least_eye_distance": 10.0,
        }
        assert by_index[one.answer.outcome_index].body["request"] == one.answer.request_index
    assert verify_log(crowded.database, crowded.log.verifier_key).verified
    assert all(violation(entry.data) is None for entry in entries)


def test_faces_that_may_not_be_used_are_listed_and_not_searched_for(crowded: Matcher, world: Any) -> None:
    before = crowded.log.size()
    small, large = searcher(crowded), painted([1, 2, 3], sides=[38, 30, 44])
    crowd = small.find(large)
    searched = small.search(crowd, world.query())
    assert crowd.least_eye_distance == crowded.sampler.gate.min_eye_distance == 20
    assert [one.face.reasons for one in searched] == [(), *[(QualityReason.TOO_SMALL,)] * 2]
    assert [one.answer is None for one in searched] == [False, True, True]
    assert crowded.log.size() - before == 2


def test_a_photograph_of_nobody_is_no_search(crowded: Matcher, world: Any) -> None:
    before = crowded.log.size()
    crowd = searcher(crowded).find(painted([1], sides=[0]))
    assert searcher(crowded).search(crowd, world.query()) == []
    assert crowded.log.size() == before


def test_more_faces_than_one_call_takes(crowded: Matcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.search.crowd.MOST_FACES", 3)
    with pytest.raises(TooManyFacesError, match="4 faces to search for; one call takes 3"):
        searcher(crowded).find(painted([1, 2, 3, 4]), least_eye_distance=10)


def test_a_malformed_query_searches_for_nobody(crowded: Matcher, world: Any) -> None:
    crowd = searcher(crowded).find(painted([1, 2]), least_eye_distance=10)
    before = crowded.log.size()
    with pytest.raises(QueryError):
        searcher(crowded).search(crowd, world.query(purpose="\x00"))
    assert crowded.log.size() == before


def test_strangers_in_a_crowd_leave_no_byte(crowded: Matcher, world: Any, enrolled: Any, stub: Any) -> None:
    enrolled(7)
    crowd = searcher(crowded).find(painted([7, 8, 9]), least_eye_distance=10)
    searcher(crowded).search(crowd, world.query())
    with crowded.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM evidence").scalar_one() == 1
    everything = world.every_byte()
    for person in (8, 9):
        assert stub.template(person).vectors["sface"].tobytes()[:24] not in everything


def test_tiles_find_each_face_once_whatever_its_size(recogniser: Recogniser, astronaut: Image) -> None:
    """Portraits with faces from 10 to 240 pixels wide, some across the edges of tiles."""
    import cv2

    face = recogniser.detect([astronaut])[0][0].box
    head = crop_face(astronaut, recogniser.detect([astronaut])[0][0], margin=0.4)
    canvas, expected = np.full((900, 1600, 3), 127, np.uint8), []
    for width, left, top in [
        (10, 310, 20),
        (14, 215, 212),
        (20, 660, 310),
        (40, 430, 430),
        (90, 840, 100),
        (240, 1000, 300),
    ]:
        scale = width / face.width
        small = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
        expected.append((left + 0.4 * width, top + 0.4 * face.height * scale, width))
    found = TiledRecogniser(recogniser).detect([canvas])[0]
    boxes = sorted((one.box.x, one.box.y, one.box.width) for one in found)
    assert len(boxes) == len(expected), boxes
    for box, place in zip(boxes, sorted(expected), strict=True):
        assert box == pytest.approx(place, abs=max(3.0, 0.12 * place[2]))
    widths = [one.box.width for one in found]
    assert widths == sorted(widths, reverse=True)


def test_tiles_find_what_the_whole_picture_shows(recogniser: Recogniser, astronaut: Image) -> None:
    whole, tiled = (one.detect([astronaut])[0] for one in (recogniser, TiledRecogniser(recogniser)))
    assert len(tiled) == len(whole) == 1
    np.testing.assert_allclose(tiled[0].landmarks, whole[0].landmarks, atol=3)


def test_where_most_faces_stand_upright_doubtful_ones_are_taken_to_as_well(
    recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def common(found: list[int | None]) -> list[int | None]:
        monkeypatch.setattr(recogniser, "orientations", lambda *_: found)
        return TiledRecogniser(recogniser).orientations([], [])

    assert common([0] * 9 + [None]) == [0] * 9 + [None], "too few to tell"
    assert common([0] * 10 + [None, 2]) == [0] * 10 + [0, 2], "a face that lies is not taken for upright"
    assert common([0] * 8 + [2] * 3 + [None]) == [0] * 8 + [2] * 3 + [None], "they do not agree"
    assert common([1] * 12 + [None]) == [1] * 13, "a picture that lies"
    assert common([]) == []


def test_small_faces_need_less_sharpness_and_nothing_else_is_waived(stub: Any) -> None:
    full = stub.StubRecogniser().assess([np.full((1, 1, 3), 128, np.uint8)], [None])[0]
    gate = SmallFaceGate.of(QualityGate(), least_eye_distance=5)

    def judged(**measures: float) -> tuple[QualityReason, ...]:
        return gate.judge(dataclasses.replace(full, **measures))

    assert judged(eye_distance=5, sharpness=4) == ()
    assert judged(eye_distance=5, sharpness=3.7) == (QualityReason.BLURRED,)
    assert judged(eye_distance=4.9, sharpness=50) == (QualityReason.TOO_SMALL,)
    assert judged(eye_distance=5, evenness=0.17) == judged(evenness=0.17) == (QualityReason.BLURRED,)
    assert judged(eye_distance=5, contrast=0.018) == ()
    assert judged(eye_distance=5, contrast=0.017) == judged(contrast=0.069) == (QualityReason.COVERED,)
    assert (
        judged(eye_distance=20, sharpness=14.9) == judged(eye_distance=60, sharpness=14.9) == (QualityReason.BLURRED,)
    )
    assert judged(eye_distance=0, sharpness=0) == (QualityReason.TOO_SMALL, QualityReason.BLURRED)
    assert judged(eye_distance=5, yaw=50) == (QualityReason.TURNED,)
    assert gate.judge(full, upright=False) == (QualityReason.NOT_UPRIGHT,)
