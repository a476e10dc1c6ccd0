"""The searches that might have found a subject: the denominator of the rate of false alarms about them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.consent.consents import microseconds, moment_at
from matcher.consent.rule import ConsentRule
from matcher.evaluation.groups import Groups
from matcher.evaluation.log_extract import LogExtract, Searches, Span
from matcher.time_zone import time_zone


@dataclass(frozen=True, kw_only=True)
class Person:
    """A subject with known groups, and the number of searches that might have found them."""

    subject: str
    attributes: Mapping[str, str]
    opportunities: int


def known_people(events: LogExtract, groups: Groups) -> list[Person]:
    """The subjects with known groups whom a search might have found, in a fixed order."""
    spans = [span for span in events.spans if span.subject in groups]
    return [
        Person(subject=subject, attributes=groups[subject], opportunities=count)
        for subject, count in sorted(opportunities(events.searches, spans).items())
        if count
    ]


def opportunities(searches: Sequence[Searches], spans: Iterable[Span]) -> dict[str, int]:
    """By subject, the number of searches that might have found them; a search counts once, also if several consents
    cover it."""
    by_subject: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_subject[span.subject].append(span)
    return {subject: sum(_covered(one, own) for one in searches) for subject, own in by_subject.items()}


def _covered(searches: Searches, spans: Iterable[Span]) -> int:
    count, until = 0, 0
    for first, end in sorted(interval for span in spans for interval in _exposure(searches, span.rule)):
        begin = max(first, until)
        if end > begin:
            low, high = np.searchsorted(searches.times, (begin, end))
            count += int(high - low)
            until = end
    return count


def _exposure(searches: Searches, rule: ConsentRule) -> Iterator[tuple[int, int]]:
    """The intervals in which the searches might find the subject by this consent, in microseconds."""
    if not len(searches.times) or not rule.names(camera=searches.camera, purpose=searches.purpose):
        return
    began, ended = moment_at(int(searches.times[0])), moment_at(int(searches.times[-1]) + 1)
    for begin, end in rule.exposure(began, ended, time_zone(searches.time_zone)):
        yield microseconds(begin), microseconds(end)
