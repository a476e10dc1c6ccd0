"""The place of frames in the endless stream, by what their stamps say."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.harness.errors import MeasurementError
from benchmarks.streams.recording import Recording, Seen
from benchmarks.streams.synchronisation import EARLY_SECONDS, HANDFUL, synchronise
from ingest.camera.health import CameraState, Health
from ingest.rehearsal.film.scene import Scene

SCENE = Scene(path=Path("scene.mp4"), width=1920, height=1080, fps=25, frames=250, passages=())
QUIET = Health(camera_id="one", state=CameraState.LIVE)


def recording(seen: Sequence[Seen]) -> Recording:
    return Recording(camera_id="one", begins=0.0, seen=seen, raised=(), before=QUIET, after=QUIET)


def seen(frame: int, *, skipped: int = 0, late: float = 0.0) -> Seen:
    """The stream's frame, as it is when that many before it were not counted."""
    return Seen(seconds=frame / 25 + late, number=frame - skipped + 1, stamp=frame % 250, boxes=())


@pytest.mark.slow
@given(skipped=st.integers(0, 249), data=st.data())
def test_every_frame_is_put_where_it_belongs(skipped: int, data: st.DataObject) -> None:
    """However late it came, over several rounds, also if nothing but one stamp in the whole recording can be read."""
    frames = data.draw(st.lists(st.integers(skipped, skipped + 1000), min_size=1, max_size=30, unique=True).map(sorted))
    lates = sorted(data.draw(st.lists(st.floats(0, 8), min_size=len(frames), max_size=len(frames))))
    views = [seen(frame, skipped=skipped, late=late) for frame, late in zip(frames, lates, strict=True)]
    legible = data.draw(st.sets(st.sampled_from(frames), min_size=1))
    views = [one if frame in legible else replace(one, stamp=None) for frame, one in zip(frames, views, strict=True)]
    timeline = synchronise(SCENE, recording(data.draw(st.permutations(views))))
    assert timeline.places == pytest.approx([frame / 25 for frame in frames])
    assert timeline.lags == pytest.approx(lates, abs=1e-9)
    assert [timeline.place(one.seconds) for one in views] == pytest.approx([frame / 25 for frame in frames])


def test_between_two_views_the_lag_changes_evenly() -> None:
    timeline = synchronise(SCENE, recording([seen(100, late=1.0), seen(200, late=3.0)]))
    assert timeline.place(8.0) == pytest.approx(6.0)
    assert timeline.place(2.0) == pytest.approx(1.0)
    assert timeline.place(20.0) == pytest.approx(17.0)


def test_a_handful_of_contradicting_stamps_is_outvoted_and_more_are_an_error() -> None:
    views = [seen(frame, skipped=12) for frame in range(12, 212, 5)]
    wrong = [replace(one, stamp=((one.stamp or 0) + 7) % 250) for one in views]
    timeline = synchronise(SCENE, recording([*wrong[:HANDFUL], *views[HANDFUL:]]))
    assert timeline.lags == pytest.approx([0.0] * len(views))
    with pytest.raises(MeasurementError, match=f"{HANDFUL + 1} contradict"):
        synchronise(SCENE, recording([*wrong[: HANDFUL + 1], *views[HANDFUL + 1 :]]))


def test_without_a_stamp_nothing_can_be_said() -> None:
    for views in ([], [replace(seen(frame), stamp=None) for frame in range(9)]):
        with pytest.raises(MeasurementError, match=f"None of the {len(views)} views"):
            synchronise(SCENE, recording(views))


def test_no_frame_comes_before_it_was_sent() -> None:
    assert min(synchronise(SCENE, recording([seen(100, late=-0.9 * EARLY_SECONDS)])).lags) < 0
    with pytest.raises(MeasurementError, match=r"2\.0 s before"):
        synchronise(SCENE, recording([seen(100, late=-2.0), seen(200)]))
