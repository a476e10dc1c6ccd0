"""Which alerts a decided one stands for."""

import pytest

from matcher.evaluation.log_extract import LoggedAlert
from matcher.evaluation.sampling import weights


def alerts(camera: str, scores: list[float], decided: list[bool], begin: int = 0) -> list[LoggedAlert]:
    return [
        LoggedAlert(
            request=begin + at,
            time=at,
            camera=camera,
            subject="s",
            dissimilarity=score,
            rejected=False if known else None,
        )
        for at, (score, known) in enumerate(zip(scores, decided, strict=True))
    ]


def test_each_camera_and_quarter_of_dissimilarity_is_stood_for_by_what_was_decided_of_it() -> None:
    scores = [at / 100 for at in range(80)]
    looked = [at < 40 or at % 2 == 0 for at in range(80)]  # of the more alike all, of the others every second
    weight, sampling = weights(alerts("one", scores, looked))
    assert {weight[at] for at in range(40)} == {1.0}
    assert all(weight[at] == pytest.approx(2.0) for at in range(40, 80, 2))
    assert sum(weight.values()) == pytest.approx(80)
    assert (sampling.decided, sampling.beyond, sampling.largest_weight) == (60, 0, pytest.approx(2.0))


def test_where_too_few_were_decided_a_camera_is_one_stratum_and_none_is_beyond() -> None:
    few = alerts("few", [at / 100 for at in range(20)], [at < 4 for at in range(20)])
    none = alerts("none", [0.1, 0.2], [False, False], begin=100)
    weight, sampling = weights([*few, *none])
    assert weight == dict.fromkeys(range(4), 5.0)
    assert (sampling.alerts, sampling.decided, sampling.beyond) == (22, 4, 2)
    assert weights([])[0] == {}
