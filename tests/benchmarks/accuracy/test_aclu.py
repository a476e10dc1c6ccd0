import numpy as np
import pytest

from benchmarks.accuracy.aclu import FMR_OF_2018, PHOTOGRAPHS, reenacted
from matcher.evaluation.expectation import fpir


def test_the_arithmetic_of_2018() -> None:
    assert pytest.approx(2.15e-6, rel=0.01) == FMR_OF_2018
    assert fpir(FMR_OF_2018, PHOTOGRAPHS) == pytest.approx(28 / 535)


def test_where_comparisons_are_independent_as_many_are_found_as_expected() -> None:
    random = np.random.default_rng(5)
    non_mated = random.random(2_000_000)
    nearest = random.random((500, 1000)).min(axis=1)
    rows = {row.what: row for row in reenacted(non_mated, np.array([0.0, 1.0]), nearest, 1000)}
    assert rows["FMR 1e-03"].expected == pytest.approx(500 * (1 - np.exp(-1)), rel=0.01)
    for row in rows.values():
        assert abs(row.found - row.expected) <= 4 * max(row.expected, 1) ** 0.5
        assert row.borne is (row.on_view1 >= 10)
        assert row.fnmr == 0.5
    assert rows["like 80"].expected == pytest.approx(500 * 28 / 535)
    assert rows["like 80"].threshold > rows["like 95"].threshold > rows["like 99"].threshold
