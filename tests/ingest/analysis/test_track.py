import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.analysis.track import LONGEST_GAP, Tracker
from matcher.recognition.face import Face
from tests.ingest.stubs.ingest_stub import face_at

GAP = 1.5
places = st.tuples(st.floats(0, 1900), st.floats(0, 1000), st.floats(10, 300))


@given(st.lists(st.tuples(st.floats(0.04, 3.0), st.lists(places, max_size=6)), max_size=12))
def test_every_face_is_in_one_track_and_every_track_begins_and_ends_once(
    frames: list[tuple[float, list[tuple[float, float, float]]]],
) -> None:
    tracker = Tracker(gap=GAP)
    moment = 0.0
    born: set[int] = set()
    dead: set[int] = set()
    alive: dict[int, float] = {}
    for step, boxes in frames:
        moment += step
        faces = [face_at(*box) for box in boxes]
        followed = tracker.follow(faces, moment)
        assert [track.face for track in followed.seen] == faces
        numbers = [track.number for track in followed.seen]
        assert len(set(numbers)) == len(numbers)
        for track in followed.ended:
            assert moment - alive.pop(track.number) > GAP
            assert track.number not in dead
            dead.add(track.number)
        assert not dead & set(numbers)
        assert {track.number for track in followed.lost} == set(alive) - set(numbers)
        for number in set(numbers) - born:
            assert all(number > other for other in born)
        born |= set(numbers)
        alive |= dict.fromkeys(numbers, moment)
    assert {track.number for track in tracker.expire(moment + LONGEST_GAP * 2)} == set(alive)


@given(place=places, shake=st.lists(st.floats(-0.1, 0.1), min_size=2, max_size=20))
def test_a_face_that_stays_keeps_its_track(place: tuple[float, float, float], shake: list[float]) -> None:
    tracker = Tracker(gap=GAP)
    x, y, size = place
    numbers = {
        tracker.follow([face_at(x + move * size, y, size)], 0.2 * step).seen[0].number
        for step, move in enumerate(shake)
    }
    assert len(numbers) == 1


@pytest.mark.parametrize("widths", [0.75, 1.4, 1.8])
def test_somebody_walking_fast_keeps_their_track(widths: float) -> None:
    """Up to nearly two faces' widths between two looks: the boxes do not overlap at all."""
    tracker = Tracker(gap=GAP)
    places = [face_at(60 * widths * step, 100 + 4.0 * (step % 2), 60) for step in range(20)]
    numbers = {tracker.follow([place], 0.2 * step).seen[0].number for step, place in enumerate(places)}
    assert numbers == {1}


def test_two_who_walk_past_each_other_keep_their_tracks() -> None:
    tracker = Tracker(gap=GAP)
    for step in range(21):
        left, right = face_at(20.0 * step, 100, 60), face_at(400 - 20.0 * step, 190, 60)
        seen = tracker.follow([right, left] if step % 2 else [left, right], 0.2 * step).seen
        by_place = {track.face.box.y: track.number for track in seen}
        assert by_place == {100: 1, 190: 2}


def test_a_face_missed_for_a_moment_is_found_again_and_after_the_gap_is_new() -> None:
    tracker = Tracker(gap=GAP)
    tracker.follow([face_at(100, 100)], 0.0)
    assert [track.number for track in tracker.follow([], 0.4).lost] == [1]
    assert tracker.follow([face_at(110, 100)], 0.8).seen[0].number == 1
    assert tracker.follow([face_at(110, 100)], 3.0).seen[0].number == 2


def test_who_is_seen_by_rare_looks_only_is_waited_for_longer() -> None:
    """A busy machine that looks once a second: a look that misses a face must not make two passages of one person."""
    tracker = Tracker(gap=GAP)
    for step in range(7):
        tracker.follow([face_at(100, 100)], float(step))
    assert tracker.follow([], 7.0).ended == ()
    assert tracker.expire(8.9) == ()
    assert tracker.follow([face_at(100, 100)], 8.9).seen[0].number == 1
    assert len(tracker.expire(8.9 + LONGEST_GAP)) == 1


def test_one_long_break_between_looks_does_not_prolong_the_gap() -> None:
    tracker = Tracker(gap=GAP)
    for moment in (0.0, 0.2, 0.4, 0.6, 30.0, 30.2):
        tracker.follow([face_at(100, 100)], moment)
    assert len(tracker.expire(30.2 + GAP + 0.1)) == 1


@pytest.mark.parametrize(("moved", "doubtful"), [(40, False), (60, True)])
def test_a_face_far_from_its_expected_place_is_doubtful(moved: float, doubtful: bool) -> None:
    tracker = Tracker(gap=GAP)
    tracker.follow([face_at(100, 100, 100)], 0.0)
    assert tracker.follow([face_at(100 + moved, 100, 100)], 0.2).seen[0].doubtful is doubtful


@pytest.mark.parametrize("other", [face_at(100, 100, 140), face_at(300, 100, 60), face_at(100, 200, 60)])
def test_a_face_elsewhere_or_of_another_size_is_another(other: Face) -> None:
    tracker = Tracker(gap=GAP)
    tracker.follow([face_at(100, 100, 60)], 0.0)
    assert tracker.follow([other], 0.2).seen[0].number == 2
