"""The report on hand-made events: what it counts, what it claims, and what it keeps to itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.consent.consents import moment_at
from matcher.consent.rule import ConsentRule
from matcher.evaluation import comparison, drift, live_groups
from matcher.evaluation.figures import LiveReport
from matcher.evaluation.groups import GroupsError, checked_groups, pack_groups, read_groups
from matcher.evaluation.live import evaluate
from matcher.evaluation.live_groups import MIN_PEOPLE
from matcher.evaluation.log_extract import LogExtract, LoggedAlert, Searches, Span
from matcher.people.declaration import Declaration

DAY = 86_400_000_000
BEGAN = 20_514 * DAY  # a Monday, 2026-03-02


def month(false: dict[str, int], *, people: int = 80, days: int = 28, undecided: int = 0) -> LogExtract:
    """A month of searches. false: the number of false alarms by subject, one a day; the first `undecided` alerts are
    undecided."""
    subjects = [f"person-{at:03}" for at in range(people)]
    times = np.arange(days * 100) * (DAY // 100) + BEGAN
    alerts = [
        LoggedAlert(
            request=100 * day + place,
            time=int(times[100 * day + place]),
            camera="lobby",
            subject=subject,
            dissimilarity=0.4,
            rejected=True,
        )
        for place, (subject, count) in enumerate(false.items())
        for day in range(count)
    ]
    alerts += [replace(alerts[0], request=10_000 + at, rejected=None) for at in range(undecided)]
    searches = Searches(camera="lobby", purpose="demo", times=times, qualities=np.full(len(times), 0.8))
    spans = [
        Span(
            subject=one,
            rule=ConsentRule(
                purpose="demo",
                cameras=frozenset({"*"}),
                valid_from=moment_at(BEGAN),
                valid_until=moment_at(BEGAN + 400 * DAY),
            ),
        )
        for one in subjects
    ]
    return LogExtract(
        began=BEGAN,
        ended=BEGAN + days * DAY,
        searches=[searches],
        alerts=alerts,
        spans=spans,
        thresholds=[0.5],
        declarations=dict.fromkeys(subjects, ""),
    )


def changed(span: Span, **rule: Any) -> Span:
    return replace(span, rule=replace(span.rule, **rule))


def halves(people: int = 80) -> dict[str, dict[str, str]]:
    return {f"person-{at:03}": {"side": "left" if at < people // 2 else "right"} for at in range(people)}


def report(left: int, right: int, **more: Any) -> LiveReport:
    """A number of people falsely named twice, of 40 on either side."""
    false = {f"person-{at:03}": 2 for at in [*range(left), *range(40, 40 + right)]}
    return evaluate(month(false, **more), halves())


def test_an_unequal_rate_is_found_with_its_interval() -> None:
    made = report(30, 5)
    (one,) = made.comparisons
    assert (one.attribute, one.value, one.against, one.finding) == ("side", "left", "right", True)
    assert one.ratio is not None and one.ratio.excludes_one and one.ratio.holds(6)
    assert "left: falsely named" in made.findings[0]
    assert report(12, 11).findings == []


def test_figures_are_by_camera_week_and_group() -> None:
    made = report(30, 5)
    assert (made.total.days, made.total.searches, made.total.tally.rejected) == (28, 2800, 70)
    assert made.total.false_a_day is not None and made.total.false_a_day.value == pytest.approx(70 / 28)
    assert [(one.camera, one.tally) for one in made.cameras] == [("lobby", made.total.tally)]
    assert [(one.week, one.days, one.tally.rejected) for one in made.weeks] == [
        ("2026-W10", 7, 70),
        ("2026-W11", 7, 0),
        ("2026-W12", 7, 0),
        ("2026-W13", 7, 0),
    ]
    left, right = made.groups
    assert (left.value, left.people, left.named, left.chances) == ("left", 40, 30, 40 * 2800)
    assert left.false_per_million is not None and left.false_per_million.value == pytest.approx(60 / (40 * 2800 / 1e6))
    assert (right.named, right.tally.rejected) == (5, 10)
    assert made.weeks[0].quality == pytest.approx(0.8) and made.weeks[0].dissimilarity is None


def test_undecided_alerts_are_stood_for_and_widen_the_interval() -> None:
    sure = evaluate(month({f"person-{at:03}": 1 for at in range(70)}), {})
    half = evaluate(month({f"person-{at:03}": 1 for at in range(35)}, undecided=35), {})
    assert half.total.tally.estimated_false == pytest.approx(70) == sure.total.tally.estimated_false
    assert half.sampling.decided == 35 and half.sampling.largest_weight == pytest.approx(2)
    narrow, wide = sure.total.false_a_day, half.total.false_a_day
    assert narrow is not None and wide is not None
    assert wide.low < narrow.low and narrow.high < wide.high


@pytest.mark.parametrize(
    ("false", "groups", "why_not"),
    [
        ({f"person-{at:03}": 1 for at in range(19)}, halves(), "rejected alerts"),
        ({f"person-{at:03}": 10 for at in range(9)}, halves(), "falsely named"),
        ({f"person-{at:03}": 2 for at in range(30)}, dict(list(halves().items())[: 40 + MIN_PEOPLE - 1]), "others"),
    ],
)
def test_below_the_least_numbers_nothing_is_claimed(false: dict[str, int], groups: Any, why_not: str) -> None:
    made = evaluate(month(false), groups)
    assert made.findings == []
    assert [(one.ratio, why_not in (one.why_not or "")) for one in made.comparisons] == [(None, True)]


def test_of_a_small_group_nothing_is_told() -> None:
    made = evaluate(
        month({f"person-{at:03}": 2 for at in range(30)}), dict(list(halves().items())[: 40 + MIN_PEOPLE - 1])
    )
    assert [one.value for one in made.groups] == ["left"] and made.small == 1
    rare = {f"person-{at:03}": {"a rare illness": "yes"} for at in range(MIN_PEOPLE - 1)}
    told = evaluate(month({}), rare)
    assert told.small == 1 and "illness" not in repr(told), "not even of what kind it is"


def test_without_declarations_searches_or_alerts_there_is_a_report_all_the_same() -> None:
    nobody = evaluate(month({"person-000": 3}), {})
    assert (nobody.groups, nobody.comparisons, nobody.findings) == ([], [], [])
    quiet = evaluate(month({}), halves())
    assert quiet.total.false_a_day is not None and quiet.total.false_a_day.low == 0 < quiet.total.false_a_day.high
    empty = evaluate(replace(month({}), searches=[], alerts=[]), {})
    assert (empty.total.days, empty.total.false_a_day, empty.weeks) == (0, None, [])


def test_a_week_that_is_not_looked_through_yet_is_not_told_better_than_it_was() -> None:
    """In the last week nearly nothing is decided; then a fifth of it."""
    events = month({f"person-{at:03}": 14 for at in range(20)}, days=14)
    late = [one for one in events.alerts if one.time >= BEGAN + 7 * DAY]
    for decided, true in ((4, None), (28, 140 / 7)):
        sampled = [
            replace(one, rejected=True if late.index(one) % 5 == 0 and late.index(one) < 5 * decided else None)
            for one in late
        ]
        done, coming = evaluate(
            replace(events, alerts=[one for one in events.alerts if one not in late] + sampled), {}
        ).weeks
        assert done.false_a_day is not None and done.false_a_day.value == pytest.approx(140 / 7)
        if true is None:
            assert coming.false_a_day is None and coming.why_not == "4 of 140 alerts decided so far"
        else:
            assert coming.false_a_day is not None and coming.why_not is None
            assert coming.false_a_day.value == pytest.approx(true)


def test_a_week_with_a_camera_that_nobody_looked_at_has_no_rate() -> None:
    events = month({f"person-{at:03}": 7 for at in range(10)}, days=7)
    yard = [replace(one, camera="yard", request=one.request + 50, rejected=None) for one in events.alerts]
    searches = [*events.searches, replace(events.searches[0], camera="yard")]
    (week,) = evaluate(replace(events, searches=searches, alerts=[*events.alerts, *yard]), {}).weeks
    assert week.false_a_day is None and week.why_not == "70 alerts of cameras where nobody has decided any"


def test_what_one_camera_leaves_undecided_does_not_blur_another() -> None:
    events = month({f"person-{at:03}": 2 for at in range(35)})
    yard = [
        replace(one, camera="yard", request=one.request + 50, rejected=True if at < 6 else None)
        for at, one in enumerate(events.alerts)
    ]
    both = replace(
        events,
        searches=[*events.searches, replace(events.searches[0], camera="yard")],
        alerts=[*events.alerts, *yard],
    )
    lobby, other = evaluate(both, {}).cameras
    assert lobby.false_a_day == evaluate(events, {}).total.false_a_day
    assert other.false_a_day is not None and lobby.false_a_day is not None
    assert other.false_a_day.high > 1.5 * lobby.false_a_day.high


def test_who_passes_a_camera_that_nobody_reviews_is_not_better_off() -> None:
    # The left are seen at one camera, where every alert is decided, the right at another, where none is.
    false = {f"person-{at:03}": 2 for at in range(80)}
    events = month(false)
    (lobby,) = events.searches
    apart = replace(
        events,
        searches=[lobby, replace(lobby, camera="yard")],
        alerts=[
            alert if int(alert.subject[-3:]) < 40 else replace(alert, camera="yard", rejected=None)
            for alert in events.alerts
        ],
        spans=[
            changed(span, cameras=frozenset({"lobby" if int(span.subject[-3:]) < 40 else "yard"}))
            for span in events.spans
        ],
    )
    made = evaluate(apart, halves())
    assert made.unjudged == ("yard",)
    assert not any(one.finding for one in made.comparisons)
    assert [one.value for one in made.groups] == ["left"]
    assert made.total.tally.undecided == 0
    assert {one.camera: one.tally.undecided for one in made.cameras} == {"lobby": 0, "yard": 80}


def test_a_group_with_few_opportunities_is_not_compared() -> None:
    events = month({f"person-{at:03}": 2 for at in range(40)}, days=28)
    end = moment_at(BEGAN + DAY // 50)
    spans = [changed(span, valid_until=end) if span.subject >= "person-040" else span for span in events.spans]
    made = evaluate(replace(events, spans=spans), halves())
    assert [(one.ratio, one.why_not) for one in made.comparisons] == [
        (None, "one side had less than 1 % of the opportunities")
    ]


def test_there_are_enough_permutations_for_the_comparisons_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    events = month({f"person-{at:03}": 2 for at in [*range(35), *range(40, 45)]})
    asked = []

    def noted(*given: Any, permutations: int, **more: Any) -> Any:
        asked.append(permutations)
        return comparison.compare(*given, permutations=permutations, **more)

    monkeypatch.setattr(live_groups, "compare", noted)
    many = {who: {f"side {at}": own["side"] for at in range(8)} for who, own in halves().items()}
    monkeypatch.setattr(comparison, "LEAST", 200)
    assert [one.finding for one in evaluate(events, many).comparisons] == [True] * 8
    assert asked == [1_600] * 8
    monkeypatch.setattr(comparison, "MOST", 1_500)
    made = evaluate(events, many)
    assert {one.why_not for one in made.comparisons} == {"8 groups are too many to compare at once"}
    assert made.findings == []


def test_a_drift_is_found_among_those_of_many_cameras() -> None:
    events = month({})
    random = np.random.default_rng(5)
    (lobby,) = events.searches
    searches = []
    for at in range(40):
        values = np.clip(random.normal(0.8, 0.1, 2800), 0, 1) - 0.2 * (at == 7) * (np.arange(2800) >= 1400)
        searches.append(replace(lobby, camera=f"camera-{at:02}", qualities=values))
    made = evaluate(replace(events, searches=searches), {})
    assert len(made.drifts) == 40 and [one.camera for one in made.drifts if one.finding] == ["camera-07"]


def test_more_drifts_than_can_be_told_from_chance_are_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "MOST", drift.LEAST)
    events = month({})
    searches = [replace(events.searches[0], camera=f"camera-{at:02}") for at in range(10)]
    assert len(evaluate(replace(events, searches=searches[:9]), {}).drifts) == 9
    many = evaluate(replace(events, searches=searches), {})
    assert many.drifts == [] and many.no_drifts == "10 tests are too many for one report"


def test_a_drop_in_quality_is_found_for_its_camera() -> None:
    events = month({})
    random = np.random.default_rng(5)
    (lobby,) = events.searches
    lobby = replace(lobby, qualities=np.clip(random.normal(0.8, 0.1, 2800), 0, 1))
    dirty = np.where(np.arange(2800) < 1400, lobby.qualities, lobby.qualities - 0.2)
    yard = replace(lobby, camera="yard", qualities=dirty)
    made = evaluate(replace(events, searches=[lobby, yard]), {})
    assert [(one.camera, one.measure, one.finding) for one in made.drifts] == [
        ("lobby", "quality of probes", False),
        ("yard", "quality of probes", True),
    ]
    assert len(made.findings) == 1 and made.findings[0].startswith("Camera yard: the quality")


def test_groups_travel_as_a_file_that_the_log_vouches_for(tmp_path: Path) -> None:
    made = [Declaration.of(name, {"age": "60+"}) for name in ("ann", "bob")]
    path = tmp_path / "groups.json"
    path.write_text(pack_groups(made))
    read = read_groups(path)
    assert read == made
    commitments = {one.subject_id: one.commitment for one in made}
    assert checked_groups(read, commitments) == {"ann": {"age": "60+"}, "bob": {"age": "60+"}}
    assert checked_groups(read, {"ann": commitments["ann"]}) == {"ann": {"age": "60+"}}, "taken back by bob"
    path.write_text(pack_groups(made).replace("60+", "18+", 1))
    with pytest.raises(GroupsError):
        checked_groups(read_groups(path), commitments)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", json.dumps({"version": 1, "groups": [1]}), '{"version": 1, "groups": 1}']
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "groups.json"
    path.write_text(text)
    with pytest.raises(GroupsError):
        read_groups(path)
    with pytest.raises(GroupsError):
        read_groups(tmp_path / "absent")
