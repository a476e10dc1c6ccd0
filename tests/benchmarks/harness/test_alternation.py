from itertools import pairwise

from benchmarks.harness.alternation import alternate, ratio


def test_contestants_take_turns_after_one_that_does_not_count() -> None:
    calls: list[str] = []
    told: list[float] = []
    times = alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3, advance=told.append)
    assert calls == ["a", "b"] * 4
    assert {name: len(one) for name, one in times.items()} == {"a": 3, "b": 3}
    assert all(second >= 0 for one in times.values() for second in one)
    assert told == [1] * 6


def test_a_short_call_is_repeated_for_the_time_given() -> None:
    calls: list[str] = []
    alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=1, seconds=0.01)
    assert calls.count("a") > 10
    assert sum(one != other for one, other in pairwise(calls)) == 3


def test_the_ratio_is_the_median_of_the_rounds_own() -> None:
    assert ratio([10.0, 30.0, 8.0], [1.0, 10.0, 2.0]) == 4.0
