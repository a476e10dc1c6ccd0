"""A camera judged: each finding at its edge, and two real streams, one as bad as Orlando's and one that is good."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ingest.camera.picture_shape import PictureShape
from ingest.check.check import CameraCheck, check_camera
from ingest.check.face_findings import LEAST_FACES
from ingest.check.finding import Aspect, Finding, Verdict
from ingest.check.suitability import judge
from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.stream.av_source import AvSource
from ingest.stream.turn import Turn
from matcher.picture.pixel_array import Image
from matcher.recognition.face_model import FaceModel
from matcher.recognition.image import decode_image
from matcher.recognition.needs import Need, Needs, load_needs
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser
from tests.ingest.stubs.clips import FPS, write_film
from tests.ingest.stubs.ingest_stub import BrightRecogniser
from tests.ingest.stubs.scenery import portrait, write_stream


def need(limit: float) -> Need:
    return Need(unit="", holds=limit, limit=limit, fails=None, mated=300)


NEEDS = Needs(
    model_digest=FaceModel().digest,
    dataset="made up",
    operating_point="fmr-1e-5",
    fnmr=0.04,
    most_fnmr=0.1,
    measured_on="2026-01-01",
    nods=((-80.0, -40.0), (0.0, 0.0), (80.0, 40.0)),
    nod_spread=4.0,
    quantities={
        "eye_distance": need(30.0),
        "sharpness": need(25.0),
        "quantiser": need(34.0),
        "bits_per_pixel": need(0.5),
        "darkness": need(35.0),
        "brightness": need(180.0),
        "yaw": need(40.0),
        "pitch_down": need(30.0),
        "pitch_up": need(-20.0),
    },
)
BETWEEN = replace(
    NEEDS,
    nods=((-45.0, -12.0), (0.0, 0.0), (45.0, 12.0)),
    nod_spread=2.0,
    quantities={**NEEDS.quantities, "pitch_down": need(20.0), "quantiser": need(28.0)},
)
"""Limits about midway between the two streams of this file: what is near an edge differs from machine to machine."""

GOOD = CameraCheck(
    codec="h264",
    width=1920,
    height=1080,
    seconds=60.0,
    frames=1500,
    frame_rate=25.0,
    bitrate=4e6,
    longest_gap_seconds=0.1,
    damaged=0,
    interruptions=0,
    looked_at=120,
    faces=100,
    usable=100,
    refused={},
    eye_distance_median=60.0,
    sharpness_median=200.0,
    yaw_median=10.0,
    pitch_median=2.0,
    brightness_median=120.0,
    quantiser_median=26.0,
    received_packets=9900,
    turned=0,
)


def finding(aspect: Aspect, needs: Needs = NEEDS, **changes: object) -> Finding:
    judged = judge(replace(GOOD, **changes), needs)  # type: ignore[arg-type]
    return next(one for one in judged.findings if one.what is aspect)


def test_a_good_camera_passes_in_everything() -> None:
    judged = judge(GOOD, NEEDS)
    assert judged.verdict is Verdict.PASS
    assert {one.what for one in judged.findings} == set(Aspect)
    assert all(one.verdict is Verdict.PASS and one.change == "" for one in judged.findings)
    assert judged.changes == () and judged.warnings == ()


@pytest.mark.parametrize(
    ("aspect", "field", "passes", "fails", "says"),
    [
        (Aspect.EYE_DISTANCE, "eye_distance_median", 30.0, 29.9, "closer"),
        (Aspect.SHARPNESS, "sharpness_median", 25.0, 24.9, "focus"),
        (Aspect.YAW, "yaw_median", 40.0, 40.1, "turned"),
        (Aspect.PITCH, "pitch_median", 15.0, 19.1, "lower"),
        (Aspect.PITCH, "pitch_median", -10.0, -14.1, "higher"),
        (Aspect.LIGHT, "brightness_median", 35.0, 34.9, "dark"),
        (Aspect.LIGHT, "brightness_median", 180.0, 180.1, "bright"),
        (Aspect.BITRATE, "quantiser_median", 34.0, 34.1, "bitrate"),
        (Aspect.FRAME_RATE, "frame_rate", 4.8, 4.7, "frames a second"),
        (Aspect.LOSS, "lost_packets", 100, 101, "packets were lost"),
        (Aspect.LOSS, "damaged", 15, 16, "damaged"),
        (Aspect.LOSS, "interruptions", 0, 1, "broke"),
        (Aspect.LOSS, "longest_gap_seconds", 1.0, 1.1, "stood still"),
    ],
)
def test_each_finding_fails_beyond_its_edge(aspect: Aspect, field: str, passes: float, fails: float, says: str) -> None:
    assert finding(aspect, **{field: passes}).verdict is Verdict.PASS
    failed = finding(aspect, **{field: fails})
    assert failed.verdict is Verdict.FAIL and says in failed.change
    judged = judge(replace(GOOD, **{field: fails}), NEEDS)  # type: ignore[arg-type]
    assert judged.verdict is Verdict.FAIL
    assert judged.changes == (failed.change,)
    assert aspect.replace("_", " ") in judged.stands


def test_findings_are_told_in_words() -> None:
    size = finding(Aspect.EYE_DISTANCE, eye_distance_median=29.96)
    assert (size.found, size.needed) == ("30 px", "at least 30 px")
    assert finding(Aspect.BITRATE).found == "4,000 kbit/s"
    assert finding(Aspect.LIGHT).needed == "35 to 180 of 255"
    assert finding(Aspect.SHARPNESS, sharpness_median=None, faces=0).found == "–"


def test_few_faces_say_nothing_of_faces_but_a_broken_stream_fails_all_the_same() -> None:
    few = replace(GOOD, faces=LEAST_FACES - 1, eye_distance_median=5.0)
    judged = judge(few, NEEDS)
    assert judged.verdict is Verdict.UNKNOWN
    assert {one.what for one in judged.findings if one.verdict is Verdict.UNKNOWN} == {
        Aspect.FACES_SEEN,
        Aspect.EYE_DISTANCE,
        Aspect.PITCH,
        Aspect.YAW,
        Aspect.SHARPNESS,
        Aspect.LIGHT,
    }
    assert judge(replace(few, faces=LEAST_FACES), NEEDS).verdict is Verdict.FAIL
    assert judge(replace(few, lost_packets=500), NEEDS).verdict is Verdict.FAIL


def test_the_gate_is_asked_where_it_wants_more_than_the_model() -> None:
    strict = judge(GOOD, NEEDS, gate=QualityGate(min_eye_distance=61.0))
    assert [one.what for one in strict.findings if one.verdict is Verdict.FAIL] == [Aspect.EYE_DISTANCE]


def test_six_steps_of_the_quantiser_are_twice_the_bits() -> None:
    starved = finding(Aspect.BITRATE, quantiser_median=40.0, bitrate=300e3)
    assert starved.least == pytest.approx(600.0)
    assert "from 300 to about 600 kbit/s" in starved.change


def test_without_a_quantiser_few_bits_are_not_held_against_a_camera() -> None:
    plenty = 0.5 * 1920 * 1080 * 25
    assert finding(Aspect.BITRATE, quantiser_median=None, bitrate=plenty).verdict is Verdict.PASS
    assert finding(Aspect.BITRATE, quantiser_median=None, bitrate=plenty - 1000).verdict is Verdict.UNKNOWN
    assert judge(replace(GOOD, quantiser_median=None), NEEDS).verdict is Verdict.PASS


@pytest.mark.parametrize("quantiser", [None, 20.0, 45.0])
def test_a_stream_of_one_frame_has_no_bitrate_to_judge(quantiser: float | None) -> None:
    untold = finding(Aspect.BITRATE, frames=1, bitrate=0.0, frame_rate=0.0, quantiser_median=quantiser)
    assert (untold.verdict, untold.found) == (Verdict.UNKNOWN, "–")


def test_how_high_the_camera_hangs_is_said_of_the_nod_behind_what_was_measured() -> None:
    # Measured 20 is a nod of 40, by NEEDS: at three metres 3 * tan(40°) above the eyes, where 3 * tan(30°) is allowed.
    seen = finding(Aspect.PITCH, pitch_median=20.0)
    assert seen.measured == pytest.approx(40.0)
    assert "2.5 m above" in seen.change and "1.7 m above" in seen.change


@pytest.mark.parametrize("measured", [15.1, 18.9, -10.1, -13.9])
def test_a_nod_within_what_people_differ_by_is_not_known(measured: float) -> None:
    doubtful = finding(Aspect.PITCH, pitch_median=measured)
    assert doubtful.verdict is Verdict.UNKNOWN
    assert doubtful.change.startswith("Not sure, for people differ: heads are seen from")
    judged = judge(replace(GOOD, pitch_median=measured), NEEDS)
    assert judged.verdict is Verdict.PASS and judged.notes == (doubtful.change,)


def test_needs_of_another_model_are_a_warning() -> None:
    judged = judge(GOOD, replace(NEEDS, model_digest="0" * 64))
    assert judged.verdict is Verdict.PASS
    assert judged.warnings == ("What a face needs was measured with another model.",)


@pytest.mark.slow
@pytest.mark.parametrize("stamps", ["jitter", "vfr", "backoften", "pull20", "leap"])
def test_an_uneven_pace_is_no_loss(serve: Callable[[], RtspServer], stamps: str) -> None:
    url = f"{serve().url('face')}?ts={stamps}"
    check = check_camera(
        lambda: AvSource(url, measuring=True), endless=True, seconds=3.0, recogniser=BrightRecogniser()
    )
    assert check.frames > 20
    judged = judge(ever_on_time(check), NEEDS)
    assert next(one for one in judged.findings if one.what is Aspect.LOSS).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("turned", "rotation", "setting", "hang"),
    [(180, 0, 180, "the other way up"), (90, 0, 90, "upright"), (270, 180, 90, "upright"), (90, 270, 0, "upright")],
)
def test_faces_that_look_turned_fail_and_the_whole_setting_is_told(
    turned: int, rotation: int, setting: int, hang: str
) -> None:
    found = finding(Aspect.UPRIGHT, turned=turned, rotation=rotation)
    assert found.verdict is Verdict.FAIL
    assert found.change == (f"Faces look turned by {turned}°: hang the camera {hang} or set its rotation to {setting}.")
    nobody = judge(replace(GOOD, turned=turned, faces=0), NEEDS)
    assert nobody.verdict is Verdict.FAIL, "lying faces are hardly found"


def test_where_too_few_faces_tell_which_way_up_they_stand_nothing_is_said() -> None:
    found = finding(Aspect.UPRIGHT, turned=None)
    assert (found.verdict, found.change) == (Verdict.UNKNOWN, "")
    assert judge(replace(GOOD, turned=None), NEEDS).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("width", "height", "verdict", "setting"),
    [
        (960, 1080, Verdict.FAIL, "16:9"),
        (944, 1080, Verdict.FAIL, "16:9"),
        (640, 720, Verdict.FAIL, "16:9"),
        (1280, 1440, Verdict.FAIL, "16:9"),
        (704, 288, Verdict.FAIL, "4:3"),
        (352, 576, Verdict.FAIL, "4:3"),
        (704, 576, Verdict.UNKNOWN, "4:3"),
        (720, 480, Verdict.UNKNOWN, "4:3"),
        (640, 480, Verdict.PASS, ""),
        (1440, 1080, Verdict.PASS, ""),
    ],
)
def test_sizes_known_to_be_squeezed_are_noticed(width: int, height: int, verdict: Verdict, setting: str) -> None:
    found = finding(Aspect.SHAPE, width=width, height=height)
    assert found.verdict is verdict and setting in found.change
    assert finding(Aspect.SHAPE, width=width, height=height, aspect_stated=True).verdict is Verdict.PASS
    judged = judge(replace(GOOD, width=width, height=height), NEEDS)
    assert (judged.verdict is Verdict.FAIL) == (verdict is Verdict.FAIL)
    assert (found.change in judged.notes) == (verdict is Verdict.UNKNOWN)


@pytest.fixture(scope="module")
def cameras(
    data_folder: Path, recogniser: Recogniser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RtspServer]:
    """Six people before two cameras: at /good as they should be, at /orlando as they were."""
    files = sorted((data_folder / "portraits" / "canada").glob("*.jpg"))[:6]
    pictures = [decode_image(file.read_bytes()) for file in files]
    people = [(picture, recogniser.detect([picture])[0][0]) for picture in pictures]
    folder = tmp_path_factory.mktemp("cameras")
    near = [portrait(picture, face, eye_distance=70.0) for picture, face in people[:4]]
    far = [portrait(picture, face, eye_distance=18.0, nod=45.0) for picture, face in people]
    good = write_stream(folder / "good.mp4", near, seconds=6.0)
    orlando = write_stream(folder / "orlando.mp4", far, seconds=6.0, kbits=300, cut_every=12, grain=3.0, sway=20.0)
    with RtspServer({"good": good, "orlando": orlando}) as server:
        yield server


def seen(url: str, recogniser: Recogniser) -> CameraCheck:
    """Looks until more than enough faces were seen to judge by, however slow the machine is."""
    for seconds in (6.0, 12.0, 24.0, 48.0):
        check = check_camera(
            lambda: AvSource(url, measuring=True), endless=True, seconds=seconds, recogniser=recogniser
        )
        if check.faces >= 2 * LEAST_FACES:
            break
    return check


def ever_on_time(check: CameraCheck) -> CameraCheck:
    """Without the gaps of a server that shares a busy machine with the check."""
    return replace(check, longest_gap_seconds=0.0)


@pytest.mark.parametrize("needs", [NEEDS, None], ids=["made up", "as measured"])
def test_a_camera_far_from_every_edge_is_judged_by_any_sensible_needs(needs: Needs | None) -> None:
    needs = needs or load_needs()
    assert judge(replace(GOOD, eye_distance_median=90.0, pitch_median=0.0, quantiser_median=20.0), needs).verdict is (
        Verdict.PASS
    )
    orlando = replace(GOOD, eye_distance_median=9.0, pitch_median=40.0, quantiser_median=48.0, damaged=120)
    failed = [one.what for one in judge(orlando, needs).findings if one.verdict is Verdict.FAIL]
    assert failed == [Aspect.EYE_DISTANCE, Aspect.PITCH, Aspect.BITRATE, Aspect.LOSS]


def test_a_camera_like_orlandos_fails_and_is_told_why(cameras: RtspServer, recogniser: Recogniser) -> None:
    check = ever_on_time(seen(cameras.url("orlando"), recogniser))
    assert check.eye_distance_median == pytest.approx(18.0, abs=4.0)
    judged = judge(check, BETWEEN)
    assert judged.verdict is Verdict.FAIL
    failed = {one.what for one in judged.findings if one.verdict is Verdict.FAIL}
    assert failed == {Aspect.EYE_DISTANCE, Aspect.PITCH, Aspect.BITRATE, Aspect.LOSS}, judged
    changes = " ".join(judged.changes)
    for word in ("closer", "seen from above", "raise the bitrate", "frames are damaged"):
        assert word in changes


def test_a_good_camera_passes(cameras: RtspServer, recogniser: Recogniser) -> None:
    judged = judge(ever_on_time(seen(cameras.url("good"), recogniser)), BETWEEN)
    assert judged.verdict is Verdict.PASS, judged
    assert all(one.verdict is Verdict.PASS for one in judged.findings), judged


@pytest.mark.parametrize(("hung", "rotation"), [(90, 0), (180, 90)])
def test_a_camera_that_hangs_another_way_fails_and_passes_with_its_setting(
    data_folder: Path, recogniser: Recogniser, tmp_path: Path, hung: int, rotation: int
) -> None:
    """hung: degrees clockwise by which its picture is turned. The wrong setting adds to that."""
    turn = Turn(quarters=hung // 90)
    files = sorted((data_folder / "portraits" / "canada").glob("*.jpg"))[:8]
    people = [decode_image(file.read_bytes()) for file in files]
    shown = [portrait(one, recogniser.detect([one])[0][0], eye_distance=60.0) for one in people]
    views = [on_wall(one, turn) for one in shown for _ in range(FPS * 3 // 4)]
    film = write_film(tmp_path / "hung.mp4", views)
    right = (360 - hung) % 360
    for setting in (rotation, right):
        shape = PictureShape(rotation=setting)
        check = check_camera(
            partial(AvSource, str(film), shape=shape), endless=False, seconds=30.0, shape=shape, recogniser=recogniser
        )
        upright = next(one for one in judge(check, NEEDS).findings if one.what is Aspect.UPRIGHT)
        assert upright.verdict is (Verdict.PASS if setting == right else Verdict.FAIL), check
        assert setting == right or upright.change.endswith(f"set its rotation to {right}.")


def on_wall(person: Image, turn: Turn) -> Image:
    wall = np.full((480, 480, 3), 110, np.uint8)
    height, width = person.shape[:2]
    wall[40 : 40 + height, 60 : 60 + width] = person[:440, :420]
    return turn.applied(wall)
