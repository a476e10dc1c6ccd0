"""How many searches might have found somebody: what false alarms about them are held against."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.evaluation.events import Events, Moments, Searches, Span
from matcher.evaluation.groups import Groups


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with known groups, and how many searches might have found them."""

    subject: str
    attributes: Mapping[str, str]
    chances: int


def known_people(events: Events, groups: Groups) -> list[Person]:
    """Those whose groups are known and whom a search might have found, in a fixed order."""
    spans = [span for span in events.spans if span.subject in groups]
    return [
        Person(subject=subject, attributes=groups[subject], chances=count)
        for subject, count in sorted(chances(events.searches, spans).items())
        if count
    ]


def chances(searches: Sequence[Searches], spans: Iterable[Span]) -> dict[str, int]:
    """By subject, how many of the searches might have found them: each once, however many consents cover it."""
    by_subject: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_subject[span.subject].append(span)
    return {
        subject: sum(_covered(one.times, [span for span in own if span.covers(one)]) for one in searches)
        for subject, own in by_subject.items()
    }


def _covered(times: Moments, spans: Sequence[Span]) -> int:
    count, until = 0, 0
    for span in sorted(spans, key=lambda span: span.begin):
        begin = max(span.begin, until)
        if span.end > begin:
            low, high = np.searchsorted(times, (begin, span.end))
            count += int(high - low)
            until = span.end
    return count
