import numpy as np

from benchmarks.accuracy.chosen_trials import at_most, thinned
from benchmarks.datasets.dataset import Trial
from benchmarks.datasets.trial_table import TrialTable

NAMES = [f"s{number}" for number in range(1000)]


def table(mated: int, others: int) -> TrialTable:
    count = mated + others
    flags = np.zeros(count, bool)
    flags[np.linspace(0, count - 1, mated).astype(int)] = True
    return TrialTable(NAMES, probes=np.arange(count) % 1000, references=(np.arange(count) + 1) % 1000, mated=flags)


def test_of_too_many_all_mated_ones_are_measured_and_the_others_evenly() -> None:
    few = table(10, 90)
    assert at_most(few, 100) is few
    for trials in (table(30, 5000), list(table(30, 5000))):
        taken = at_most(trials, 500)
        assert sum(trial.mated for trial in taken) == 30
        assert 400 <= len(taken) <= 500
        assert [trial.probe for trial in taken[:3]] == sorted(trial.probe for trial in taken[:3])
    assert at_most(table(30, 5000), 500) == at_most(list(table(30, 5000)), 500)


def test_a_first_look_has_some_of_each_kind_of_each_fold() -> None:
    trials = [Trial(probe="a", reference="b", mated=number % 500 == 0, fold=number // 5000) for number in range(10_000)]
    taken = thinned(trials, 40)
    assert {(trial.fold, trial.mated) for trial in taken} == {(0, True), (0, False), (1, True), (1, False)}
    assert len(taken) == 40
    assert thinned([], 40) == []
