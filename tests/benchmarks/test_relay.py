from benchmarks.relay import report


def test_the_target_is_a_share_of_a_core_and_the_ratio_is_of_medians() -> None:
    result = report({"relay": [0.011, 0.012, 0.05], "copy": [0.010, 0.010, 0.010]}, 4e6)
    (target,) = result.targets
    assert target.met and "1.20 % at 4.0 Mbit/s" in target.measured and "1.20 times" in target.measured
    assert not report({"relay": [0.021], "copy": [0.01]}, 4e6).targets[0].met
