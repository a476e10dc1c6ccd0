from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.comparator import comparators
from benchmarks.accuracy.identification import identified, open_sets
from benchmarks.accuracy.searches import read_searches, search, write_searches
from benchmarks.harness.errors import MeasurementError
from tests.benchmarks.accuracy.made_up import templates

MADE = templates(30, 4, lost=(3, 40))
GALLERY = [(f"{who:03d}/{number}", f"{who:03d}") for who in range(20) for number in (0, 1)]
PROBES = [(f"{who:03d}/{number}", f"{who:03d}") for who in range(30) for number in (2, 3)] + [("029/0", None)]


@pytest.mark.slow
def test_each_search_finds_what_going_through_all_would() -> None:
    scores = search("here", MADE, GALLERY, PROBES, comparators())
    assert scores.mated.tolist() == [who is not None and int(who) < 20 for _, who in PROBES]
    for column in comparators():
        found = scores.found[column.name]
        for place, (probe, who) in enumerate(PROBES):
            nearest: dict[str | None, float] = {}
            for reference, subject in GALLERY:
                apart = float(column.pairs(MADE, MADE.rows([probe]), MADE.rows([reference]))[0])
                nearest[subject] = min(nearest.get(subject, np.inf), apart)
            mate = nearest.pop(who, np.inf)
            assert found.mate[place] == pytest.approx(mate, abs=2e-3)
            assert found.other[place] == pytest.approx(min(nearest.values()), abs=2e-3)
            if np.isfinite(mate) and all(abs(apart - mate) > 2e-3 for apart in nearest.values()):
                assert found.rank[place] == 1 + sum(apart < mate for apart in nearest.values())
            elif not np.isfinite(mate):
                assert found.rank[place] == 0


def test_what_is_kept_says_the_same(tmp_path: Path) -> None:
    scores = search("here, with a comma", MADE, GALLERY, PROBES, comparators())
    write_searches(tmp_path / "searches.csv", [scores])
    (read,) = read_searches(tmp_path / "searches.csv")
    assert (read.name, read.probe, read.mated.tolist()) == (scores.name, scores.probe, scores.mated.tolist())
    people = [who or "nobody" for _, who in PROBES]
    for name in scores.found:
        assert identified(read, name, people) == identified(scores, name, people)
    with (tmp_path / "searches.csv").open("a") as file:
        file.write("here,x,2,0,0,0\n")
    with pytest.raises(MeasurementError, match="Line 63"):
        read_searches(tmp_path / "searches.csv")


def test_a_miss_is_a_mate_beyond_the_threshold_or_behind_somebody_else() -> None:
    scores = search("here", MADE, GALLERY, PROBES, comparators())
    for name in scores.found:
        one = identified(scores, name, [who or "nobody" for _, who in PROBES])
        found = scores.found[name]
        (rate,) = (each for each in one.rates if each.fpir == 0.1) if one.rates else (None,)
        if rate is not None:
            strangers = found.other[~scores.mated]
            assert (strangers <= rate.threshold).sum() == rate.false_positives <= 0.1 * len(strangers)
            right = (found.rank[scores.mated] == 1) & (found.mate[scores.mated] <= rate.threshold)
            assert rate.fnir == pytest.approx(1 - right.mean())
        assert one.cmc[0] == one.rank[1] <= one.rank[5] <= one.rank[20]
        assert one.rank_one[0] <= one.rank[1] <= one.rank_one[1]


def test_open_sets_enrol_one_picture_of_some_and_leave_nobody_out() -> None:
    names = {f"p{who}": [f"p{who}/{number}" for number in range(1 + who % 3)] for who in range(400)}
    every = {name for pictures in names.values() for name in pictures}
    small, whole = open_sets(names)
    assert (len(small.gallery), len(whole.gallery)) == (100, 266)
    for one in (small, whole):
        assert not set(one.gallery) & set(one.probes)
        assert set(one.gallery) | set(one.probes) == every
