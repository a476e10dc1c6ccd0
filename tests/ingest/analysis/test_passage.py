from hypothesis import given
from hypothesis import strategies as st

from ingest.analysis.passage import LEAST_BETWEEN, NAME_GRACE, Passage, SearchRule

RULE = SearchRule(better_by=0.15, unmatched_again=5.0, matched_again=20.0)


def searched(score: float = 0.5, subject: str | None = None) -> Passage:
    passage = Passage(number=1, started=0.0)
    passage.asked(score, 0.0)
    passage.answered(1, subject)
    return passage


def test_the_first_sample_is_searched_at_once() -> None:
    assert Passage(number=1, started=0.0).wants_search(RULE, 0.01, 0.0)


def test_no_second_search_while_the_first_is_not_answered() -> None:
    passage = Passage(number=1, started=0.0)
    passage.asked(0.1, 0.0)
    assert not passage.wants_search(RULE, 1.0, 6.0)
    assert passage.wants_search(RULE, 1.0, 11.0), "an answer that got lost must not end the passage's searches"


def test_unmatched_again_when_clearly_better_or_after_a_time() -> None:
    assert searched(0.5).wants_search(RULE, 0.66, 1.0)
    assert not searched(0.5).wants_search(RULE, 0.64, 1.0)
    assert not searched(0.5).wants_search(RULE, 0.4, 4.9)
    assert searched(0.5).wants_search(RULE, 0.4, 5.0)


def test_matched_again_only_after_a_longer_time() -> None:
    assert not searched(0.2, "anna").wants_search(RULE, 1.0, 19.0)
    assert searched(0.2, "anna").wants_search(RULE, 0.2, 20.0)


def test_a_later_answer_of_nobody_takes_the_name_away() -> None:
    passage = searched(0.5, "anna")
    passage.asked(0.5, 20.0)
    passage.answered(2, None)
    assert passage.subject_id is None


def test_a_name_lasts_until_its_confirmation_is_overdue_even_while_one_is_asked_for() -> None:
    passage = searched(0.5, "anna")
    assert passage.name(RULE, 20.0 + NAME_GRACE - 0.1) == "anna"
    passage.asked(0.5, 24.0)
    assert passage.name(RULE, 20.0 + NAME_GRACE) is None
    passage.answered(2, "anna")
    assert passage.name(RULE, 44.0) == "anna"


def test_a_doubt_where_no_name_is_costs_no_search() -> None:
    passage = searched(0.5)
    passage.doubt()
    assert not passage.wants_search(RULE, 0.5, 2.0)


def test_doubted_again_and_again_it_is_not_searched_more_than_once_a_second() -> None:
    passage = searched(0.5, "anna")
    passage.doubt()
    assert not passage.wants_search(RULE, 0.5, LEAST_BETWEEN - 0.1)
    assert passage.wants_search(RULE, 0.1, LEAST_BETWEEN)


@given(st.lists(st.tuples(st.floats(0.01, 1.0), st.floats(0, 1)), max_size=200))
def test_the_log_is_bounded(samples: list[tuple[float, float]]) -> None:
    """However samples come, unmatched searches are few: one a time, and as many as better ones fit into 0 to 1."""
    passage, moment, last = Passage(number=1, started=0.0), 0.0, -1.0
    for step, score in samples:
        moment += step
        if passage.wants_search(RULE, score, moment):
            assert passage.searched == 0 or moment - last >= LEAST_BETWEEN
            passage.asked(score, moment)
            passage.answered(passage.searched, None)
            last = moment
    assert passage.searched <= 1 + moment / RULE.unmatched_again + 1 / RULE.better_by
