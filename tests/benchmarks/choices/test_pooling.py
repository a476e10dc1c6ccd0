from benchmarks.accuracy.comparator import FUSION, comparators
from benchmarks.choices.pooling import POOLINGS, pooled
from benchmarks.datasets.dataset import Trial
from tests.benchmarks.accuracy.made_up import templates


def test_every_method_is_measured_on_people_who_were_not_learnt_from() -> None:
    made = templates(60, 6, seed=1)
    trials = [
        Trial(probe=f"{who:03d}/{number}", reference=f"{who:03d}/0", mated=True, fold=who % 2)
        for who in range(60)
        for number in range(1, 6 if who < 50 else 3)
    ]
    fusion = next(each for each in comparators() if each.name == FUSION)
    found = {one.name: one for one in pooled(made, fusion, trials)}
    assert set(found) == set(POOLINGS)
    # Fifty people have six pictures, two of them references, and ten have three; every other one is measured.
    assert {(one.people, one.probes) for one in found.values()} == {(30, 105)}
    assert found["soft"].learnt is not None
    assert found["best"].learnt is None
    # Noise of two pictures is averaged out; one alone has all of it.
    assert found["template"].fnmr["1e-03"] <= found["single"].fnmr["1e-03"]
    assert pooled(made, fusion, [one for one in trials if one.fold == 0]) == []
