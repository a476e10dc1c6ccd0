"""Time zones by their IANA names, and the offsets from UTC that their clocks keep."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import ClassVar
from zoneinfo import ZoneInfo

from matcher.errors import ClearglassError

_STEP = timedelta(hours=6)
"""Two changes of one zone's offset lie further apart than this step, so that no change is missed."""
_LONGEST = timedelta(weeks=4)
_SECOND = timedelta(seconds=1)


class TimeZoneUnknownError(ClearglassError):
    """No time zone has this name."""

    code: ClassVar[str] = "time_zone_unknown"


@dataclass(frozen=True, kw_only=True)
class SteadyOffset:
    """An interval, from `begin` (included) to `end` (not included), in which a zone's clocks differ from UTC by
    `offset`."""

    begin: datetime
    end: datetime
    offset: timedelta


def time_zone(name: str) -> ZoneInfo:
    """The zone with this IANA name, such as Europe/Berlin. Raises TimeZoneUnknownError, which names near matches."""
    if name not in _names():
        near = _near(name)
        raise TimeZoneUnknownError(
            f"There is no time zone {name!r}.",
            remedy=f"Did you mean {' or '.join(near)}?" if near else "Give an IANA name, such as Europe/Berlin or UTC.",
        )
    return ZoneInfo(name)


def steady_offsets(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[SteadyOffset]:
    """The parts, in order, of the time from `begin` to `end` in which the zone's offset stays the same. A part ends
    after four weeks at the latest, so that the first one needs no scan of a long time.
    """
    part, at, offset = begin, begin, _offset(begin, zone)
    while at < end:
        after = min(at + _STEP, end)
        changes = _offset(after, zone) != offset
        at = _changed(at, after, zone) if changes else after
        if changes or at - part >= _LONGEST:
            yield SteadyOffset(begin=part, end=at, offset=offset)
            part, offset = at, _offset(at, zone)
    if part < end:
        yield SteadyOffset(begin=part, end=end, offset=offset)


def _changed(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which the offset differs from that at `before`. Offsets change at whole seconds."""
    offset, start = _offset(before, zone), before.replace(microsecond=0)
    first, last = 1, -((start - after) // _SECOND)
    while first < last:
        middle = (first + last) // 2
        if _offset(start + middle * _SECOND, zone) == offset:
            first = middle + 1
        else:
            last = middle
    return start + first * _SECOND


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    return timedelta(0) if offset is None else offset


@cache
def _names() -> frozenset[str]:
    """The names, from the package of the zones' data: files beside the system's zones may be no zones."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


def _near(name: str) -> list[str]:
    """Up to three names of zones that are similar to this one, or that end in a similar place."""
    by_text: dict[str, str] = {}
    for zone in sorted(_names()):
        by_text.setdefault(zone.rpartition("/")[2].lower(), zone)
        by_text[zone.lower()] = zone
    wanted = name.strip().lower().replace(" ", "_")
    return list(dict.fromkeys(by_text[text] for text in get_close_matches(wanted, by_text, n=3, cutoff=0.75)))
