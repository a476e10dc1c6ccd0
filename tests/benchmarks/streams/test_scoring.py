"""Scoring against a scene whose truth is written by hand: nothing is streamed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.harness.overlap import overlap
from benchmarks.streams.recording import Raised, Recording, Seen
from benchmarks.streams.scoring import Score, score
from ingest.camera.health import CameraState, Health
from ingest.messages.message import ViewBox
from ingest.rehearsal.film.choreography import Distance
from ingest.rehearsal.film.scene import Appearance, Passage, Scene
from matcher.recognition.face import Box

NAMES = {"id-ann": "Ann", "id-bob": "Bob"}
LEFT, RIGHT = Box(x=100, y=100, width=100, height=100), Box(x=700, y=100, width=100, height=100)


def passage(number: int, person: str | None, first: int, box: Box) -> Passage:
    there = Appearance(box=box, eye_distance=40.0, yaw=0.0, visible=1.0)
    return Passage(number=number, person=person, distance=Distance.NEAR, first=first, appearances=(there,) * 100)


# Ten seconds: Ann on the left and a stranger on the right from second 2 to 6, Bob on the left from 6 to 10.
SCENE = Scene(
    path=Path("scene.mp4"),
    width=1000,
    height=500,
    fps=25,
    frames=250,
    passages=(passage(0, "Ann", 50, LEFT), passage(1, None, 50, RIGHT), passage(2, "Bob", 150, LEFT)),
)
QUIET = Health(camera_id="one", state=CameraState.LIVE)


def seen(seconds: float, box: Box, subject_id: str | None = None) -> Seen:
    share = Box(x=box.x / 1000, y=box.y / 500, width=box.width / 1000, height=box.height / 500)
    frame = round(seconds * 25)
    boxes = (ViewBox(track=1, box=share, subject_id=subject_id),)
    return Seen(seconds=seconds, number=frame + 1, stamp=frame % 250, boxes=boxes)


WATCHED = [replace(seen(float(second), LEFT), boxes=()) for second in range(21)]
"""Views of two rounds in which nobody was found."""


def scored(
    seen: Sequence[Seen], raised: Sequence[Raised], begins: float = 1.0, *, watched: Sequence[Seen] = WATCHED
) -> Score:
    views = [*watched, *seen]
    return score(
        SCENE,
        Recording(camera_id="one", begins=begins, seen=views, raised=raised, before=QUIET, after=QUIET),
        NAMES,
    )


def test_nothing_seen_is_nothing_found() -> None:
    result = scored([], [])
    assert [one.boxed for one in result.outcomes] == [0, 0, 0]
    assert not any(one.identified or one.misnamed for one in result.outcomes)
    assert result.unplaced == 0


def test_a_box_counts_for_the_face_it_is_on() -> None:
    result = scored([seen(3.0, LEFT), seen(3.2, LEFT), seen(3.0, RIGHT), seen(7.0, LEFT), seen(7.0, RIGHT)], [])
    assert [one.boxed for one in result.outcomes] == [2, 1, 1]


def test_a_box_beside_the_face_does_not_count() -> None:
    beside = replace(LEFT, x=LEFT.x + 80)
    assert [one.boxed for one in scored([seen(3.0, beside)], []).outcomes] == [0, 0, 0]


def test_the_right_person_is_identified() -> None:
    result = scored([seen(3.2, LEFT, "id-ann")], [Raised(seconds=3.0, subject_id="id-ann")])
    ann, stranger, bob = result.outcomes
    assert ann.identified and not ann.misnamed
    assert not stranger.misnamed and not bob.identified


def test_without_a_view_the_person_in_sight_is_meant() -> None:
    result = scored([], [Raised(seconds=3.0, subject_id="id-ann"), Raised(seconds=8.0, subject_id="id-bob")])
    assert [one.identified for one in result.outcomes] == [True, False, True]


def test_a_stranger_who_gets_a_name_in_view_is_a_stranger_raised() -> None:
    """Even while the person of that name is in sight."""
    result = scored([seen(3.1, RIGHT, "id-ann")], [Raised(seconds=3.0, subject_id="id-ann")])
    ann, stranger, _ = result.outcomes
    assert stranger.misnamed
    assert not ann.identified


def test_somebody_enrolled_taken_for_another_is_misnamed() -> None:
    result = scored([seen(3.1, LEFT, "id-bob")], [Raised(seconds=3.0, subject_id="id-bob")])
    assert result.outcomes[0].misnamed
    assert not result.outcomes[0].identified


def test_an_alert_for_somebody_not_in_view_is_counted_apart() -> None:
    result = scored([], [Raised(seconds=3.0, subject_id="id-bob"), Raised(seconds=3.0, subject_id="id-nobody")])
    assert result.unplaced == 2
    assert not any(one.identified or one.misnamed for one in result.outcomes)


def test_a_passage_under_way_at_the_start_counts_in_the_second_round() -> None:
    early, late = Raised(seconds=3.0, subject_id="id-ann"), Raised(seconds=13.0, subject_id="id-ann")
    assert not scored([], [early], begins=2.5).outcomes[0].identified
    assert scored([], [late], begins=2.5).outcomes[0].identified
    assert not scored([], [late], begins=1.0).outcomes[0].identified


def test_frames_that_came_late_are_put_where_they_belong() -> None:
    """Alerts too, and in the second round as in the first."""
    late = [replace(one, seconds=one.seconds + 1.4) for one in [*WATCHED, seen(4.0, RIGHT), seen(14.0, RIGHT)]]
    for begins, again in ((1.0, 0.0), (2.5 + 1.4, 10.0)):
        result = scored(late, [Raised(seconds=3.0 + 1.4 + again, subject_id="id-ann")], begins, watched=())
        assert result.outcomes[0].identified
        assert result.outcomes[1].boxed == 1
        assert max(abs(lag - 1.4) for lag in result.lags) < 1e-9


boxes = st.builds(
    Box,
    x=st.floats(-100, 100),
    y=st.floats(-100, 100),
    width=st.floats(1, 100),
    height=st.floats(1, 100),
)


@given(one=boxes, other=boxes)
def test_overlap_is_a_share_and_the_same_from_both_sides(one: Box, other: Box) -> None:
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert abs(overlap(one, other) - overlap(other, one)) < 1e-9
    assert overlap(one, one) > 1 - 1e-9
