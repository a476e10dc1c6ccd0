"""The declared groups of a live evaluation: the figures of each, and each compared with the others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from matcher.evaluation import comparison
from matcher.evaluation.alert_counter import AlertCounter
from matcher.evaluation.comparison import Named, compare
from matcher.evaluation.figures import Comparison, GroupFigures
from matcher.evaluation.log_extract import LogExtract, LoggedAlert
from matcher.evaluation.opportunities import Person
from matcher.evaluation.permutations import permutation_count

MIN_PEOPLE = 30
MIN_FALSE = 20
MIN_NAMED = 10
"""Two groups are compared only if each has MIN_PEOPLE people, and both together MIN_FALSE rejected alerts about
MIN_NAMED different people. Groups smaller than MIN_PEOPLE are not shown at all: in a small group individuals can be
recognised."""

MIN_SHARE = 0.01
"""Two groups are compared only if each has at least this share of the opportunities: a rate from very few is
imprecise."""

_MILLION = 1_000_000
_OTHERS = "all others"


def group_figures(
    events: LogExtract, people: Sequence[Person], counter: AlertCounter
) -> tuple[list[GroupFigures], int]:
    """The figures of the large groups, and the number of small ones, whose attribute and value are not shown."""
    by_subject: dict[str, list[LoggedAlert]] = defaultdict(list)
    for alert in events.alerts:
        by_subject[alert.subject].append(alert)
    figures: list[GroupFigures] = []
    small = 0
    for attribute, values in _by_value(people).items():
        for value, members in values.items():
            if len(members) < MIN_PEOPLE:
                small += 1
                continue
            alerts = [alert for person in members for alert in by_subject[person.subject]]
            total = sum(person.opportunities for person in members)
            figures.append(
                GroupFigures(
                    attribute=attribute,
                    value=value,
                    people=len(members),
                    named=len(counter.false_alarms(alerts)),
                    chances=total,
                    tally=counter.tally(alerts),
                    false_per_million=counter.estimate(alerts, total / _MILLION),
                )
            )
    return figures, small


def comparisons(
    events: LogExtract, people: Sequence[Person], counter: AlertCounter, *, alpha: float
) -> list[Comparison]:
    """Compares each group with all others who declared the same attribute; where there are two groups, one comparison.
    alpha: the greatest probability that any of them is a finding where all rates are equal.
    """
    alarms = counter.false_alarms(events.alerts)
    rejected: dict[str, int] = defaultdict(int)
    for alert in events.alerts:
        rejected[alert.subject] += bool(alert.rejected)
    asked = []
    for attribute, values in _by_value(people).items():
        large = [value for value, members in values.items() if len(members) >= MIN_PEOPLE]
        everybody = [person for members in values.values() for person in members]
        pair = len(values) == 2 and len(large) == 2
        for value in large[:1] if pair else large:
            why_not = _too_few(everybody, values[value], rejected)
            asked.append((attribute, value, large[1] if pair else _OTHERS, everybody, why_not))
    tested = sum(why_not is None for *_, why_not in asked)
    confidence = 1 - alpha / max(tested, 1)
    permutations = permutation_count(tested, alpha, least=comparison.LEAST, most=comparison.MOST)
    made = []
    for attribute, value, against, everybody, too_few in asked:
        ratio = None
        why_not = too_few or (None if permutations else f"{tested} groups are too many to compare at once")
        if why_not is None and permutations is not None:
            inside = np.array([person.attributes[attribute] == value for person in everybody])
            ratio = compare(_named(everybody, alarms), inside, confidence=confidence, permutations=permutations)
        made.append(
            Comparison(
                attribute=attribute,
                value=value,
                against=against,
                confidence=confidence,
                ratio=ratio,
                finding=ratio is not None and ratio.excludes_one,
                why_not=why_not,
            )
        )
    return made


def _by_value(people: Sequence[Person]) -> dict[str, dict[str, list[Person]]]:
    """By attribute and value."""
    found: dict[str, dict[str, list[Person]]] = defaultdict(lambda: defaultdict(list))
    for person in people:
        for attribute, value in person.attributes.items():
            found[attribute][value].append(person)
    return {attribute: dict(sorted(values.items())) for attribute, values in sorted(found.items())}


def _too_few(people: Sequence[Person], inside: Sequence[Person], rejected: Mapping[str, int]) -> str | None:
    """Why the groups are not compared; None if they are."""
    counts = [rejected.get(person.subject, 0) for person in people]
    share = sum(person.opportunities for person in inside) / sum(person.opportunities for person in people)
    if len(people) - len(inside) < MIN_PEOPLE:
        return f"fewer than {MIN_PEOPLE} others"
    if sum(counts) < MIN_FALSE:
        return f"fewer than {MIN_FALSE} rejected alerts"
    if sum(count > 0 for count in counts) < MIN_NAMED:
        return f"fewer than {MIN_NAMED} people falsely named"
    if min(share, 1 - share) < MIN_SHARE:
        return f"one side had less than {100 * MIN_SHARE:g} % of the opportunities"
    return None


def _named(people: Sequence[Person], alarms: Mapping[str, tuple[float, float]]) -> Named:
    own = np.array([alarms.get(person.subject, (0.0, 0.0)) for person in people])
    searches = np.array([float(person.opportunities) for person in people])
    return Named(alarms=own[:, 0], squares=own[:, 1], searches=searches)
