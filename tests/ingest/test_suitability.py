"""A camera judged: each finding at its edge, and two real streams, one as bad as Orlando's and one that is good."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from scenery import portrait, write_stream

from ingest.address import AddressPolicy
from ingest.check import CameraCheck, check_camera
from ingest.rehearsal.rtsp_server import RtspServer
from ingest.suitability import LEAST_FACES, Aspect, Finding, Verdict, judge
from matcher.recognition.image import decode_image
from matcher.recognition.needs import Need, Needs, load_needs
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.registry import model_digest


def need(limit: float) -> Need:
    return Need(unit="", holds=limit, limit=limit, fails=None, mated=300)


NEEDS = Needs(
    model_digest=model_digest(),
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
    quantities=NEEDS.quantities | {"pitch_down": need(20.0), "quantiser": need(28.0)},
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
    missing=0,
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
        (Aspect.LOSS, "missing", 15, 16, "missing"),
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
    assert judge(replace(few, missing=500), NEEDS).verdict is Verdict.FAIL


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
    orlando = write_stream(folder / "orlando.mp4", far, seconds=6.0, kbits=300, lose_every=12, grain=3.0, sway=20.0)
    with RtspServer({"good": good, "orlando": orlando}) as server:
        yield server


def seen(url: str, policy: AddressPolicy, recogniser: Recogniser) -> CameraCheck:
    """Looks until faces enough were seen to judge by, however slow the machine is."""
    for seconds in (6.0, 12.0, 24.0, 48.0):
        check = check_camera(url, policy=policy, seconds=seconds, recogniser=recogniser)
        if check.faces >= LEAST_FACES:
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
    orlando = replace(GOOD, eye_distance_median=9.0, pitch_median=40.0, quantiser_median=48.0, missing=120)
    failed = [one.what for one in judge(orlando, needs).findings if one.verdict is Verdict.FAIL]
    assert failed == [Aspect.EYE_DISTANCE, Aspect.PITCH, Aspect.BITRATE, Aspect.LOSS]


def test_a_camera_like_orlandos_fails_and_is_told_why(
    cameras: RtspServer, policy: AddressPolicy, recogniser: Recogniser
) -> None:
    check = ever_on_time(seen(cameras.url("orlando"), policy, recogniser))
    assert check.eye_distance_median == pytest.approx(18.0, abs=4.0)
    judged = judge(check, BETWEEN)
    assert judged.verdict is Verdict.FAIL
    failed = {one.what for one in judged.findings if one.verdict is Verdict.FAIL}
    assert failed == {Aspect.EYE_DISTANCE, Aspect.PITCH, Aspect.BITRATE, Aspect.LOSS}, judged
    changes = " ".join(judged.changes)
    for word in ("closer", "seen from above", "raise the bitrate", "frames are missing"):
        assert word in changes


def test_a_good_camera_passes(cameras: RtspServer, policy: AddressPolicy, recogniser: Recogniser) -> None:
    judged = judge(ever_on_time(seen(cameras.url("good"), policy, recogniser)), BETWEEN)
    assert judged.verdict is Verdict.PASS, judged
    assert all(one.verdict is Verdict.PASS for one in judged.findings), judged
