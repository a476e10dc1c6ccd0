from benchmarks.harness.spread import spread


def test_a_spread_tells_count_middle_and_tail() -> None:
    told = spread([float(value) for value in range(101)])
    assert told == {"count": 101, "mean": 50.0, "p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


def test_of_nothing_only_the_count_is_told() -> None:
    assert spread([]) == {"count": 0}
