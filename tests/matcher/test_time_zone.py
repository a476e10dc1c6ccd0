"""Time zones by their names, and when their clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from matcher.time_zone import TimeZoneUnknownError, steady_offsets, time_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Australia/Lord_Howe"])
def test_a_zone_is_known_by_its_name(name: str) -> None:
    assert time_zone(name).key == name


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("posix/Europe/Berlin", "Europe/Berlin"),
        ("../../etc/passwd", "Give an IANA name"),
        ("/etc/localtime", "Give an IANA name"),
        ("America", "America/"),
        ("", "Give an IANA name"),
    ],
)
def test_any_other_name_is_refused_with_near_ones(name: str, remedy: str) -> None:
    with pytest.raises(TimeZoneUnknownError) as caught:
        time_zone(name)
    assert repr(name) in caught.value.message and remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("UTC", []),
        ("Europe/Berlin", ["2026-03-29T01:00", "2026-10-25T01:00"]),
        ("Australia/Lord_Howe", ["2026-04-04T15:00", "2026-10-03T15:30"]),
        ("Africa/Casablanca", ["2026-02-15T02:00", "2026-03-22T02:00"]),
    ],
)
def test_clocks_change_when_they_do(name: str, changes: list[str]) -> None:
    begin, end = datetime(2026, 1, 1, 0, 0, 0, 7, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, 59, 9, tzinfo=UTC)
    parts = list(steady_offsets(begin, end, time_zone(name)))
    assert (parts[0].begin, parts[-1].end) == (begin, end)
    assert all(one.end == other.begin for one, other in pairwise(parts))
    edges = [one.begin for before, one in pairwise(parts) if one.offset != before.offset]
    assert [f"{edge:%Y-%m-%dT%H:%M}" for edge in edges] == changes
    for part in parts:
        for moment in (part.begin, part.end - timedelta(microseconds=1)):
            assert moment.astimezone(time_zone(name)).utcoffset() == part.offset
