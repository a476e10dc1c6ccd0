"""The live evaluation as a page, also with hostile texts."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from api.live_report import live_report_page
from benchmarks.live_month.live_month import SMALL
from benchmarks.live_month.live_month_world import FACTOR, Month, simulate
from matcher.clock import system_clock
from matcher.evaluation.live import evaluate
from matcher.evaluation.published import LogEvaluation

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def month() -> Month:
    return simulate(SMALL, seed=2, factor=FACTOR)


def page(month: Month, groups: Mapping[str, Mapping[str, str]]) -> str:
    report = evaluate(month.events, groups)
    made = LogEvaluation(origin="example.com/log", entries=7, root="ab" * 32, signed=False, report=report)
    return live_report_page(made, system_clock())


def test_a_finding_stands_at_the_top_with_its_interval_and_limits_below(month: Month) -> None:
    text = page(month, dict(month.groups))
    assert text.index("gender female: falsely named") < text.index("What was measured")
    assert "its signature was NOT checked" in text and "ab" * 32 in text
    assert text.count("<svg") == 4 and "all 4 hold" in text and "(Bonferroni)" in text
    assert "camera-00" in text and "2026-W10" in text
    for limit in ("at least 30 people each", "false non-matches", "Fay and Feuer", "a random sample"):
        assert limit in " ".join(text.split()), limit
    assert "http" not in text, "it loads nothing from anywhere"


def test_what_people_wrote_is_text(month: Month) -> None:
    groups = {
        subject: {"<b>x": "<script>" if own["gender"] == "female" else "y"} for subject, own in month.groups.items()
    }
    text = page(month, groups)
    assert "<script>" not in text and "&lt;script&gt;" in text and "<b>x" not in text


def test_where_nothing_can_be_compared_it_says_so(month: Month) -> None:
    text = page(month, {})
    assert "Groups could not be compared" in text and "No group is large enough to be shown" in text
    few = page(month, {subject: own for place, (subject, own) in enumerate(month.groups.items()) if place < 40})
    assert "which are not shown: in a small group" in few
    empty = evaluate(replace(month.events, began=None, ended=None, searches=[], alerts=[]), {})
    made = LogEvaluation(origin="x", entries=0, root="", signed=True, report=empty)
    text = live_report_page(made, system_clock())
    assert "its signature was checked" in text and "there were none" in text and "1970" not in text
    assert "Nothing drifted" not in text, "it was not asked"


def test_an_interval_without_ends_and_a_week_without_a_rate_are_drawn_as_such(month: Month) -> None:
    report = evaluate(month.events, dict(month.groups))
    endless = [
        replace(one, ratio=None if one.ratio is None else replace(one.ratio, low=None, high=None), finding=False)
        for one in report.comparisons
    ]
    weeks = [replace(one, false_a_day=None, why_not="4 of 70 alerts decided so far") for one in report.weeks]
    changed = replace(report, comparisons=endless, weeks=weeks)
    made = LogEvaluation(origin="x", entries=0, root="", signed=True, report=changed)
    text = live_report_page(made, system_clock())
    assert "[–, –]" in text and 'x1="0.0" x2="320.0"' in text
    assert "4 of 70 alerts decided so far" in text
