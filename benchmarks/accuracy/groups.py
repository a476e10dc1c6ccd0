"""Error rates of groups of people at one threshold, and measures of their inequality.

Non-mated pairs are those within a group: pairs across groups are easier, and dilute the rate (NIST IR 8280). No rate is
reported for a group with too few people or comparisons, and the measures of inequality leave it out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.wording import NOTHING_CLAIMED, rate_text, small_rate_text
from benchmarks.datasets.dataset import Sample
from benchmarks.harness.benchmark import Table
from matcher.evaluation.bootstrap import SubjectBootstrap
from matcher.evaluation.demographics import inequality
from matcher.evaluation.error_rates import ErrorRates, error_rates, threshold_at
from matcher.evaluation.scores import Scores
from matcher.recognition.scale import FEWEST

Whole = NDArray[np.int64]
Exact = NDArray[np.floating[Any]]

LEAST_PEOPLE = 30
LEAST_MATED = 100
LEAST_FALSE_MATCHES = 3
"""A group needs enough non-mated comparisons to expect this number of false matches at the rate of all. With fewer,
even no false match would not prove a lower rate than that of all (the rule of three).
"""

MEASURES = ("max_to_min", "max_to_geometric_mean", "fdr", "inequity", "garbe")


@dataclass(frozen=True, kw_only=True)
class GroupRates:
    """One group at the threshold of all. why_not: why its rates are not reported; empty if they are."""

    group: str
    people: int
    rates: ErrorRates
    fmr_interval: tuple[float, float]
    fnmr_interval: tuple[float, float]
    why_not: str

    @property
    def claimed(self) -> bool:
        """True if its rates are reported."""
        return not self.why_not


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure of inequality with its interval; None where a rate of zero leaves it undefined."""

    name: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The groups of one recogniser by one attribute ("gender", or several with " × "), at the threshold for `fmr` over
    all. measures: of the reported groups; empty for fewer than two.
    """

    recogniser: str
    attribute: str
    fmr: float
    threshold: float
    groups: tuple[GroupRates, ...]
    measures: tuple[Measure, ...]


def attributes(samples: Iterable[Sample]) -> tuple[tuple[str, ...], ...]:
    """The groupings: each labelled attribute, and all of them together."""
    single = sorted({name for sample in samples for name in sample.labels})
    return (*((name,) for name in single), *([tuple(single)] if len(single) > 1 else []))


def group_of(sample: Sample, attribute: Sequence[str]) -> str | None:
    """The sample's group; None if a label is missing."""
    values = [sample.labels.get(name) for name in attribute]
    return " ".join(value for value in values if value is not None) if None not in values else None


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupedErrors:
    """The data of a group's figures. fmr, fnmr: (resamples,) the rates by resample, and their intervals."""

    group: str
    people: int
    rates: ErrorRates
    fmr: Exact
    fnmr: Exact
    fmr_interval: tuple[float, float]
    fnmr_interval: tuple[float, float]


def grouping(
    recogniser: str, attribute: Sequence[str], fmr: float, threshold: float, errors: Sequence[GroupedErrors]
) -> Grouping:
    """The inequality of these groups."""
    groups = tuple(
        GroupRates(
            group=one.group,
            people=one.people,
            rates=one.rates,
            fmr_interval=one.fmr_interval,
            fnmr_interval=one.fnmr_interval,
            why_not=_why_not(one, fmr),
        )
        for one in errors
    )
    claimed = [one for one, group in zip(errors, groups, strict=True) if group.claimed]
    return Grouping(
        recogniser=recogniser,
        attribute=" × ".join(attribute),
        fmr=fmr,
        threshold=threshold,
        groups=groups,
        measures=tuple(_measures(claimed)) if len(claimed) > 1 else (),
    )


def _why_not(one: GroupedErrors, fmr: float) -> str:
    least = LEAST_FALSE_MATCHES / fmr
    if one.people < LEAST_PEOPLE:
        return f"{one.people} people; {LEAST_PEOPLE} are needed"
    if one.rates.non_mated < least:
        return f"{one.rates.non_mated:,} non-mated pairs; {least:,.0f} are needed"
    if one.rates.mated < LEAST_MATED:
        return f"{one.rates.mated} mated pairs; {LEAST_MATED} are needed"
    return ""


def _measures(errors: Sequence[GroupedErrors]) -> Iterator[Measure]:
    whole = inequality([one.rates.fmr for one in errors], [one.rates.fnmr for one in errors])
    resampled = [
        inequality(fmr, fnmr)
        for fmr, fnmr in zip(
            np.stack([one.fmr for one in errors], axis=1).tolist(),
            np.stack([one.fnmr for one in errors], axis=1).tolist(),
            strict=True,
        )
    ]
    for name in MEASURES:
        values = [value for one in resampled if (value := getattr(one, name)) is not None]
        # If one resample in forty has a rate of zero, the ratio's interval is unbounded.
        defined = len(values) > 0.975 * len(resampled)
        low, high = np.percentile(values, [2.5, 97.5]).tolist() if defined else (None, None)
        yield Measure(name=name, value=getattr(whole, name), low=low, high=high)


def grouped(
    scores: Scores,
    samples: Mapping[str, Sample],
    bootstrap: SubjectBootstrap,
    whose: tuple[Whole, Whole],
    rates: Sequence[float],
) -> list[Grouping]:
    """Groups by every attribute, for every recogniser, at the thresholds for these rates over all non-mated
    comparisons.

    whose: the people, by number, of each comparison's two samples.
    """
    probes, references = ([samples[name] for name in names] for names in (scores.probe, scores.reference))
    found = []
    for attribute in attributes([*probes, *references]):
        groups = np.array(
            [
                _shared(group_of(probe, attribute), group_of(reference, attribute))
                for probe, reference in zip(probes, references, strict=True)
            ]
        )
        for name in scores.dissimilarity:
            for rate in rates:
                _, non_mated = scores.of(name)
                if rate * len(non_mated) < FEWEST:
                    continue
                threshold = threshold_at(non_mated, rate)
                errors = [
                    _errors(scores, name, group, groups == group, threshold, bootstrap, whose)
                    for group in sorted(set(groups.tolist()) - {""})
                ]
                found.append(grouping(name, attribute, rate, threshold, errors))
    return found


def _shared(one: str | None, other: str | None) -> str:
    return one if one is not None and one == other else ""


def _errors(
    scores: Scores,
    recogniser: str,
    group: str,
    within: NDArray[np.bool_],
    threshold: float,
    bootstrap: SubjectBootstrap,
    whose: tuple[Whole, Whole],
) -> GroupedErrors:
    column = scores.dissimilarity[recogniser]
    mated, non_mated = within & scores.mated, within & ~scores.mated
    missed, matched = column[mated] > threshold, column[non_mated] <= threshold
    mated_people = (whose[0][mated], whose[1][mated])
    non_mated_people = (whose[0][non_mated], whose[1][non_mated])
    return GroupedErrors(
        group=group,
        people=len(np.unique(np.concatenate([*mated_people, *non_mated_people]))),
        rates=error_rates(column[mated], column[non_mated], threshold),
        fmr=bootstrap.rates(matched, bootstrap.totals(*non_mated_people), *non_mated_people),
        fnmr=bootstrap.rates(missed, bootstrap.totals(*mated_people), *mated_people),
        fmr_interval=bootstrap.rate(matched, *non_mated_people),
        fnmr_interval=bootstrap.rate(missed, *mated_people),
    )


def groups_tables(groupings: Sequence[Grouping]) -> list[Table]:
    """Each grouping's rates, and the measures of all of them."""
    tables = [_table(one) for one in groupings]
    measured = [one for one in groupings if one.measures]
    if measured:
        tables.append(
            Table(
                title="Inequality between groups, with 95 % intervals; never to be told without the rates above",
                columns=("recogniser, attribute, FMR", *(name.replace("_", " ") for name in MEASURES)),
                rows=[
                    (
                        f"{one.recogniser}, {one.attribute}, {one.fmr:.0e}",
                        *(_measure_text(part) for part in one.measures),
                    )
                    for one in measured
                ],
            )
        )
    return tables


def _table(one: Grouping) -> Table:
    return Table(
        title=f"{one.recogniser} by {one.attribute}, at dissimilarity {one.threshold:.4f}, FMR {one.fmr:.0e} over all",
        columns=("group", "people", "FMR within it", "false of non-mated", "FNMR", "missed of mated"),
        rows=[
            (
                group.group,
                f"{group.people:,}",
                small_rate_text(group.rates.fmr, *group.fmr_interval) if group.claimed else group.why_not,
                f"{group.rates.false_matches:,} of {group.rates.non_mated:,}",
                rate_text(group.rates.fnmr, *group.fnmr_interval) if group.claimed else NOTHING_CLAIMED,
                f"{group.rates.misses:,} of {group.rates.mated:,}",
            )
            for group in one.groups
        ],
    )


def _measure_text(measure: Measure) -> str:
    if measure.value is None:
        return "undefined: all rates are 0" if measure.name == "garbe" else "undefined: a rate is 0"
    low = "?" if measure.low is None else f"{measure.low:.3g}"
    high = "no end" if measure.high is None else f"{measure.high:.3g}"
    return f"{measure.value:.4g} [{low}, {high}]"
