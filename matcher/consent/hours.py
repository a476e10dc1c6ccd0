"""Weekdays and hours that a consent is limited to, and how they are written: as text, and in JSON."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from matcher.consent.errors import ConsentInvalidError

DAY = 24 * 60
"""Minutes of a day."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBERS = {name: number for number, name in enumerate(_DAYS, 1)}
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_ENTRY = re.compile(r"(?P<days>[a-z]+(?:\s*[-,]\s*[a-z]+)*)(?:\s+(?P<begin>[\d:]+)\s*-\s*(?P<end>[\d:]+))?", re.ASCII)
_EXAMPLE = 'Write weekdays and hours such as "mon-fri 08:00-17:00; sat 09:00-12:00".'


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Hours on some weekdays, on a local clock.

    days: ISO weekdays, 1 (Monday) to 7. begin, end: minutes after midnight, 0 to 1439 and 1 to 1440 (24:00); `end`
    itself is not included. With an end that is not after its begin the hours cross midnight, and belong to the day on
    which they begin.
    """

    days: frozenset[int]
    begin: int
    end: int

    def __post_init__(self) -> None:
        """An end at 00:00 is kept as 24:00. Raises ConsentInvalidError."""
        if not self.days or not self.days <= set(range(1, 8)):
            raise _invalid("they name no weekday, or one that is not 1 (Monday) to 7 (Sunday)")
        if not 0 <= self.begin < DAY or not 0 <= self.end <= DAY:
            raise _invalid("they begin before 00:00 or after 23:59, or end after 24:00")
        if self.end == 0:
            object.__setattr__(self, "end", DAY)

    @classmethod
    def of(cls, days: Iterable[int], begin: str, end: str) -> Self:
        """From clock times such as 08:00 and 24:00. Raises ConsentInvalidError."""
        return cls(days=frozenset(days), begin=_minutes(begin), end=_minutes(end))

    def __str__(self) -> str:
        """Such as "Mon-Fri 08:00-17:00", which `parse_hours` reads."""
        return f"{_named(self.days)} {_clock(self.begin)}-{_clock(self.end)}"


def ordered(times: Iterable[Hours]) -> tuple[Hours, ...]:
    """The hours, each once, in a fixed order, so that equal hours are written in one way only."""
    return tuple(sorted(set(times), key=lambda one: (sorted(one.days), one.begin, one.end)))


def parse_hours(text: str) -> tuple[Hours, ...]:
    """The hours that a text such as "mon-fri 08:00-17:00; sat" names. A day alone is the whole day.

    Raises ConsentInvalidError.
    """
    return ordered(_parsed(entry) for entry in text.split(";") if entry.strip())


def hours_text(times: Iterable[Hours]) -> str:
    """The text that `parse_hours` reads; empty for none."""
    return "; ".join(map(str, times))


def hours_json(times: Sequence[Hours]) -> list[dict[str, Any]]:
    """As objects, in the log and in the database: days as numbers in order, begin and end as HH:MM."""
    return [{"days": sorted(one.days), "begin": _clock(one.begin), "end": _clock(one.end)} for one in times]


def hours_of(objects: Iterable[Mapping[str, Any]]) -> tuple[Hours, ...]:
    """What `hours_json` wrote. Raises ConsentInvalidError."""
    return ordered(Hours.of(one["days"], one["begin"], one["end"]) for one in objects)


def _parsed(entry: str) -> Hours:
    found = _ENTRY.fullmatch(entry.strip().lower().replace("–", "-"))
    if found is None:
        raise ConsentInvalidError(f"{entry.strip()!r} names no weekdays and hours.", remedy=_EXAMPLE)
    days = [day for part in found["days"].split(",") for day in _days(part)]
    return Hours.of(days, found["begin"] or "00:00", found["end"] or "24:00")


def _days(part: str) -> list[int]:
    """The days of "mon", "daily" or "fri-mon"."""
    first, _, last = (name.strip() for name in part.partition("-"))
    if part.strip() == "daily":
        return [*_NUMBERS.values()]
    for name in filter(None, (first, last)):
        if name not in _NUMBERS:
            raise ConsentInvalidError(f"{name!r} is no weekday.", remedy=f"Use {', '.join(_DAYS)}, or daily.")
    begin, end = _NUMBERS[first], _NUMBERS[last or first]
    return [(begin - 1 + step) % 7 + 1 for step in range((end - begin) % 7 + 1)]


def _named(days: frozenset[int]) -> str:
    """Such as "Mon-Fri, Sun": three days or more that follow one another as a range."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [
        [_DAYS[run[0] - 1] + "-" + _DAYS[run[-1] - 1]] if len(run) > 2 else [_DAYS[day - 1] for day in run]
        for run in runs
    ]
    return ",".join(name for run in names for name in run).title()


def _minutes(clock: str) -> int:
    if _CLOCK.fullmatch(clock) is None:
        raise ConsentInvalidError(f"{clock!r} is no time of day.", remedy="Write hours as HH:MM, 00:00 to 24:00.")
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _invalid(what: str) -> ConsentInvalidError:
    return ConsentInvalidError(f"The consent's hours cannot be: {what}.", remedy=_EXAMPLE)
