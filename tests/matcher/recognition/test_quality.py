import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.recognition.quality import Quality, QualityGate, QualityReason

GOOD = Quality(eye_distance=60, sharpness=300, yaw=0, pitch=0, roll=0, brightness=128, inside=1)
GATE = QualityGate()


def test_a_good_face_has_nothing_against_it() -> None:
    assert GATE.judge(GOOD) == ()
    assert GOOD.score == pytest.approx(1)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"eye_distance": GATE.min_eye_distance - 0.1}, QualityReason.TOO_SMALL),
        ({"sharpness": GATE.min_sharpness - 0.1}, QualityReason.BLURRED),
        ({"yaw": GATE.max_yaw + 0.1}, QualityReason.TURNED),
        ({"yaw": -GATE.max_yaw - 0.1}, QualityReason.TURNED),
        ({"pitch": GATE.max_pitch + 0.1}, QualityReason.TURNED),
        ({"pitch": -GATE.max_pitch - 0.1}, QualityReason.TURNED),
        ({"brightness": GATE.min_brightness - 0.1}, QualityReason.TOO_DARK),
        ({"brightness": GATE.max_brightness + 0.1}, QualityReason.TOO_BRIGHT),
        ({"inside": GATE.min_inside - 0.01}, QualityReason.CUT_OFF),
        ({"evenness": GATE.min_evenness - 0.01}, QualityReason.BLURRED),
        ({"contrast": GATE.min_contrast - 0.01}, QualityReason.COVERED),
        ({"roll": GATE.max_roll + 0.1}, QualityReason.NOT_UPRIGHT),
        ({"roll": -GATE.max_roll - 0.1}, QualityReason.NOT_UPRIGHT),
    ],
)
def test_each_fault_has_its_reason(fault: dict[str, float], reason: QualityReason) -> None:
    bad = dataclasses.replace(GOOD, **fault)
    assert GATE.judge(bad) == (reason,)


def test_a_face_that_lies_is_refused_however_its_landmarks_stand() -> None:
    assert GATE.judge(GOOD, upright=False) == (QualityReason.NOT_UPRIGHT,)


def test_every_reason_can_be_given_and_all_are_given_together() -> None:
    worst = Quality(eye_distance=1, sharpness=0, yaw=90, pitch=0, roll=90, brightness=0, inside=0, contrast=0)
    assert set(GATE.judge(worst)) == set(QualityReason) - {QualityReason.TOO_BRIGHT, QualityReason.COVERED}
    covered = dataclasses.replace(worst, sharpness=100, brightness=250)
    seen = set(GATE.judge(worst)) | set(GATE.judge(covered))
    assert seen == set(QualityReason), "a blur hides what else is missing, and nothing is dark and bright"


def test_a_face_exactly_at_the_gate_passes() -> None:
    edge = Quality(
        eye_distance=GATE.min_eye_distance,
        sharpness=GATE.min_sharpness,
        yaw=GATE.max_yaw,
        pitch=-GATE.max_pitch,
        roll=-GATE.max_roll,
        brightness=GATE.min_brightness,
        inside=GATE.min_inside,
        contrast=GATE.min_contrast,
        evenness=GATE.min_evenness,
    )
    assert GATE.judge(edge) == ()


qualities = st.builds(
    Quality,
    eye_distance=st.floats(0, 1000),
    sharpness=st.floats(0, 10_000),
    yaw=st.floats(-180, 180),
    pitch=st.floats(-90, 90),
    roll=st.floats(-180, 180),
    brightness=st.floats(0, 255),
    inside=st.floats(0, 1),
)


@given(quality=qualities)
def test_the_score_is_a_share(quality: Quality) -> None:
    assert 0 <= quality.score <= 1


@given(quality=qualities, more=st.floats(0, 500))
def test_larger_and_sharper_never_scores_lower(quality: Quality, more: float) -> None:
    for name in ("eye_distance", "sharpness"):
        better = dataclasses.replace(quality, **{name: getattr(quality, name) + more})
        assert better.score >= quality.score
