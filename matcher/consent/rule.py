"""The consent rule: whether a consent covers a search at a camera, for a purpose, at a moment.

Columns (`terms.py`), SQL (`matcher.search.past_scope`) and the log's evaluation hold to it; tests compare them with it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from matcher.consent.hours import DAY, Hours
from matcher.time_zone import SteadyOffset, steady_offsets

ANY_CAMERA = "*"
"""In a consent's cameras: every camera, and pictures handed in by a person."""

UPLOAD = "upload"
"""The place of a search whose probe is a picture handed in by a person and not a camera's."""

ENROLMENT = "enrolment"
"""The place of the check for duplicates before a person is enrolled. Every consent in force covers it, whatever its
purpose, cameras and hours: somebody who is in the gallery for one purpose must be found when the same person is
enrolled for another, at any hour."""

ENROLMENT_CHECK = "enrolment-check"
"""The purpose of that check in the log."""

_MINUTE, _WEEK = timedelta(minutes=1), timedelta(weeks=1)
_WEEK_MINUTES = 7 * DAY
_MOST_WEEKS = 4096
"""The number of weeks in the cache, one for each set of hours that consents name."""

Interval = tuple[datetime, datetime]
"""An interval: its begin is included, its end is not."""


class ConsentState(StrEnum):
    """The state of a consent; the weekday and hour do not count."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class ConsentRule:
    """What a person agreed to. It holds from `valid_from` up to but not including `valid_until` or `withdrawn_at`.

    cameras: ids, UPLOAD or ANY_CAMERA. times: the hours it is limited to, by the clocks of the search's time zone;
    none: always.
    """

    purpose: str
    cameras: frozenset[str]
    valid_from: datetime
    valid_until: datetime
    withdrawn_at: datetime | None = None
    times: tuple[Hours, ...] = ()

    @property
    def ends_at(self) -> datetime:
        """The moment from which it covers nothing any more."""
        return self.valid_until if self.withdrawn_at is None else min(self.valid_until, self.withdrawn_at)

    def state(self, moment: datetime) -> ConsentState:
        """Its state. A withdrawn consent stays withdrawn, also after the clock was set back."""
        if self.withdrawn_at is not None:
            return ConsentState.WITHDRAWN
        if moment < self.valid_from:
            return ConsentState.PENDING
        return ConsentState.ACTIVE if moment < self.valid_until else ConsentState.EXPIRED

    def names(self, *, camera: str, purpose: str) -> bool:
        """True if it names this camera (or UPLOAD) and this purpose; the time does not count. Always true for
        ENROLMENT."""
        if camera == ENROLMENT:
            return True
        return purpose == self.purpose and (camera in self.cameras or ANY_CAMERA in self.cameras)

    def covers(self, *, camera: str, purpose: str, moment: datetime, zone: ZoneInfo) -> bool:
        """True if a search at this camera, for this purpose, at this moment may find the person. zone: the camera's
        time zone, in which the hours are read.
        """
        if not self.names(camera=camera, purpose=purpose):
            return False
        return self._in_force(moment) if camera == ENROLMENT else self.holds(moment, zone)

    def holds(self, moment: datetime, zone: ZoneInfo) -> bool:
        """True if it covers, at this moment, searches by the cameras that it names."""
        return self._in_force(moment) and (not self.times or Week.of(self.times).covers(moment, zone))

    def exposure(self, begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Interval]:
        """The intervals, in order and apart, within [begin, end) in which it `holds`."""
        begin, end = max(begin, self.valid_from), min(end, self.ends_at)
        if begin >= end:
            return iter(())
        return Week.of(self.times).windows(begin, end, zone) if self.times else iter([(begin, end)])

    def next_change(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """The first moment after this one at which `holds` changes; None if it never does."""
        for interval in self.exposure(after, self.ends_at, zone):
            for edge in interval:
                if edge > after:
                    return edge
        return None

    def _in_force(self, moment: datetime) -> bool:
        return self.valid_from <= moment < self.ends_at


@dataclass(frozen=True, kw_only=True)
class Steady:
    """covered: the answer from `since` (included) to `until` (not included); it may be the same beyond them."""

    covered: bool
    since: datetime
    until: datetime


class Week:
    """The minutes of a local week that some hours cover together.

    A moment is converted to local time, and its wall clock decides. So an hour that daylight saving skips covers
    nothing, and where it repeats an hour, both are covered.
    """

    def __init__(self, times: Iterable[Hours]) -> None:
        """Use `of`."""
        self._edges = list(_united(span for hours in times for span in _spans(hours)))
        """Minutes since Monday, 00:00: begin, end, begin, end and so on, ascending."""

    @staticmethod
    @lru_cache(_MOST_WEEKS)
    def of(times: tuple[Hours, ...]) -> "Week":
        """The week that these hours, at least one, cover."""
        return Week(times)

    def covers(self, moment: datetime, zone: ZoneInfo) -> bool:
        """True if the local clock shows one of the hours."""
        return bisect_right(self._edges, _minute(moment.astimezone(zone))) % 2 == 1

    def steady(self, moment: datetime, around: SteadyOffset) -> Steady:
        """The answer at a moment, and the interval in which it stays the same. around: the interval about the moment
        with the same offset from UTC."""
        local = (moment + around.offset).replace(second=0, microsecond=0)
        minute, start = _minute(local), moment - (moment + around.offset - local)
        place = bisect_right(self._edges, minute)
        before = self._edges[place - 1] - (0 if place else _WEEK_MINUTES)
        after = self._edges[place] if place < len(self._edges) else self._edges[0] + _WEEK_MINUTES
        return Steady(
            covered=place % 2 == 1,
            since=max(around.begin, start - (minute - before) * _MINUTE),
            until=min(around.end, start + (after - minute) * _MINUTE),
        )

    def windows(self, begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Interval]:
        """The covered intervals of [begin, end), in order and apart."""
        if self._edges == [0, _WEEK_MINUTES]:
            yield begin, end
            return
        held: Interval | None = None
        for around in steady_offsets(begin, end, zone):
            for window in self._within(around):
                if held is not None and held[1] == window[0]:
                    held = (held[0], window[1])
                    continue
                if held is not None:
                    yield held
                held = window
        if held is not None:
            yield held

    def _within(self, around: SteadyOffset) -> Iterator[Interval]:
        """The covered intervals of a stretch of time with one offset."""
        local = around.begin + around.offset
        monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
        week = monday - around.offset
        while week < around.end:
            for first, last in zip(self._edges[::2], self._edges[1::2], strict=True):
                begin, end = max(around.begin, week + first * _MINUTE), min(around.end, week + last * _MINUTE)
                if begin < end:
                    yield begin, end
            week += _WEEK


def offset_around(moment: datetime, zone: ZoneInfo) -> SteadyOffset:
    """The time about a moment, a week each way at most, in which the zone's offset from UTC stays the same."""
    for part in steady_offsets(moment - _WEEK, moment + _WEEK, zone):
        if moment < part.end:
            return part
    raise AssertionError("the parts of a time hold each of its moments")


def _minute(local: datetime) -> int:
    return local.weekday() * DAY + local.hour * 60 + local.minute


def _spans(hours: Hours) -> Iterator[tuple[int, int]]:
    """The minutes since Monday, 00:00, that the hours cover; hours that cross the end of the week continue at its
    beginning."""
    for day in hours.days:
        begin = (day - 1) * DAY + hours.begin
        end = (day - 1) * DAY + hours.end + (DAY if hours.end <= hours.begin else 0)
        yield begin, min(end, _WEEK_MINUTES)
        if end > _WEEK_MINUTES:
            yield 0, end - _WEEK_MINUTES


def _united(spans: Iterable[tuple[int, int]]) -> Iterator[int]:
    """The edges of the union of the intervals."""
    held: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if held and begin <= held[-1][1]:
            held[-1] = (held[-1][0], max(held[-1][1], end))
        else:
            held.append((begin, end))
    for span in held:
        yield from span
