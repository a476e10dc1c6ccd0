from collections.abc import Sequence

import pytest

from ingest.packet import Packet
from ingest.stream_measures import StreamMeasures


def taken(arrivals: Sequence[float], sent: Sequence[float | None] | None = None) -> StreamMeasures:
    measures = StreamMeasures()
    for arrived, stamp in zip(arrivals, sent or arrivals, strict=True):
        measures.take(Packet(arrived=arrived, key=False, size=1000, decode=lambda afresh: None, sent=stamp))
    return measures


def at_rate(fps: float, frames: int, begin: float = 0.0) -> list[float]:
    return [begin + number / fps for number in range(frames)]


def test_what_arrives_steadily_has_lost_nothing() -> None:
    measures = taken(at_rate(25, 101))
    assert measures.frame_rate == pytest.approx(25)
    assert measures.missing == 0
    assert measures.bitrate == pytest.approx(100 * 8000 / 4)


def test_one_packet_has_no_rate() -> None:
    measures = taken([5.0])
    assert (measures.frames, measures.bitrate, measures.frame_rate) == (1, 0.0, 0.0)


def test_the_key_frame_that_each_connection_begins_with_is_in_no_rate() -> None:
    measures = StreamMeasures()
    for begin in (0.0, 10.0):
        for place, stamp in enumerate(at_rate(25, 26, begin=begin)):
            size = 100_000 if place == 0 else 1000
            measures.take(Packet(arrived=stamp, key=place == 0, size=size, decode=lambda afresh: None, sent=stamp))
        measures.broke()
    assert measures.bitrate == pytest.approx(25 * 8000)


def test_frames_left_out_are_counted_by_the_room_they_leave() -> None:
    stamps = at_rate(25, 200)
    kept = stamps[:50] + stamps[51:120] + stamps[123:]
    assert taken(kept).missing == 4


def test_frames_that_arrive_late_are_not_missing() -> None:
    stamps = at_rate(25, 100)
    late = [stamp + (0.5 if 40 <= place < 52 else 0.0) for place, stamp in enumerate(stamps)]
    assert taken(sorted(late), stamps).missing == 0


def test_a_camera_that_changes_its_rate_has_lost_nothing() -> None:
    by_day = at_rate(25, 200)
    assert taken(by_day + at_rate(10, 200, begin=by_day[-1] + 0.1)).missing <= 1


def test_a_clock_that_is_set_or_silent_tells_of_no_loss() -> None:
    stamps = at_rate(25, 100)
    assert taken(stamps, [*stamps[:50], *(stamp + 3600 for stamp in stamps[50:])]).missing == 0
    assert taken(stamps, [*stamps[:50], *(stamp - 3600 for stamp in stamps[50:])]).missing == 0
    assert taken(stamps, [None] * 100).missing == 0


def test_the_time_without_a_connection_is_a_gap_and_in_no_rate() -> None:
    measures = taken(at_rate(25, 51))
    measures.broke()
    measures.broke()
    for stamp in at_rate(25, 51, begin=7.0):
        measures.take(Packet(arrived=stamp, key=False, size=1000, decode=lambda afresh: None, sent=stamp - 7))
    assert (measures.interruptions, measures.missing) == (1, 0)
    assert measures.longest_gap == pytest.approx(5.0)
    assert measures.frame_rate == pytest.approx(25)


def test_a_stream_that_never_comes_back_stood_still_until_the_end() -> None:
    measures = taken(at_rate(25, 26))
    measures.broke()
    measures.end(9.0)
    assert measures.longest_gap == pytest.approx(8.0)
