import numpy as np
import pytest

from matcher.evaluation.bootstrap import SubjectBootstrap
from matcher.evaluation.interval import wilson


def test_all_pairs_weigh_what_listing_them_would():
    counts = np.array([1, 3, 2, 4])
    bootstrap = SubjectBootstrap(4, resamples=50, seed=1)
    whose = np.repeat(np.arange(4), counts)
    one, other = np.triu_indices(len(whose), 1)
    apart = whose[one] != whose[other]
    listed = bootstrap.totals(whose[one][apart], whose[other][apart])
    assert bootstrap.all_pairs(counts, counts) == pytest.approx(listed)


def test_all_pairs_between_two_groups_too():
    one, other = np.array([2, 0, 1, 3]), np.array([0, 2, 1, 1])  # some people have samples in both
    bootstrap = SubjectBootstrap(4, resamples=50, seed=1)
    first, second = np.repeat(np.arange(4), one), np.repeat(np.arange(4), other)
    pairs = np.array([(a, b) for a in first for b in second if a != b])
    assert bootstrap.all_pairs(one, other) == pytest.approx(bootstrap.totals(pairs[:, 0], pairs[:, 1]))


def test_a_mated_pair_counts_as_often_as_its_person_was_drawn():
    bootstrap = SubjectBootstrap(3, resamples=20, seed=2)
    place = np.array([1])
    assert bootstrap.totals(place, place) == pytest.approx(bootstrap.weights[1])


def test_one_person_in_every_error_makes_the_interval_wide():
    random = np.random.default_rng(0)
    one, other = random.integers(0, 200, (2, 20_000))
    one, other = one[one != other], other[one != other]
    bootstrap = SubjectBootstrap(200, seed=3)
    scattered = random.random(len(one)) < 0.01
    clustered = (one == 7) | (other == 7)
    for wrong, wider in ((scattered, False), (clustered, True)):
        low, high = bootstrap.rate(wrong, one, other)
        plain_low, plain_high = wilson(int(wrong.sum()), len(one))
        assert low <= wrong.mean() <= high
        assert ((high - low) > 3 * (plain_high - plain_low)) is wider


def test_intervals_of_known_rates_hold_them_as_often_as_they_say():
    held = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        weak = random.random(80) < 0.3  # some people are missed half of the time, the others hardly ever
        whose = np.repeat(np.arange(80), 5)
        wrong = random.random(400) < np.where(weak[whose], 0.5, 0.02)
        low, high = SubjectBootstrap(80, resamples=300, seed=seed).rate(wrong, whose, whose)
        held += low <= 0.3 * 0.5 + 0.7 * 0.02 <= high
    assert held >= 86  # of a hundred at 95 %, fewer than 86 come once in some thousand times


def test_no_error_is_no_proof_of_none():
    bootstrap = SubjectBootstrap(4000)
    whose = np.arange(100)  # of four thousand people a hundred are compared
    low, high = bootstrap.rate(np.zeros(100, bool), whose, whose)
    assert low == 0
    assert high == pytest.approx(0.037, abs=5e-4)
    one_error = bootstrap.rate(np.arange(100) == 7, whose, whose)
    assert one_error[0] == 0 or one_error[0] < 0.01
    assert one_error[1] >= wilson(1, 100)[1] > high
    assert bootstrap.rate(np.ones(100, bool), whose, whose) == (pytest.approx(0.963, abs=5e-4), 1.0)
    assert bootstrap.rate(np.empty(0, bool), np.empty(0, int), np.empty(0, int)) == (0.0, 1.0)
