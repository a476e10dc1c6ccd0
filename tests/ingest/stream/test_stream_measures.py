from collections.abc import Sequence

import pytest

from ingest.stream.packet import Packet
from ingest.stream.stream_measures import StreamMeasures


def packet(arrived: float, *, key: bool = False, size: int = 1000) -> Packet:
    return Packet(arrived=arrived, key=key, size=size, decode=lambda afresh: None)


def taken(arrivals: Sequence[float]) -> StreamMeasures:
    measures = StreamMeasures()
    for arrived in arrivals:
        measures.take(packet(arrived))
    return measures


def at_rate(fps: float, frames: int, begin: float = 0.0) -> list[float]:
    return [begin + number / fps for number in range(frames)]


def test_what_arrives_steadily_has_a_rate() -> None:
    measures = taken(at_rate(25, 101))
    assert measures.frame_rate == pytest.approx(25)
    assert measures.longest_gap == pytest.approx(1 / 25)
    assert measures.bitrate == pytest.approx(100 * 8000 / 4)


def test_one_packet_has_no_rate() -> None:
    measures = taken([5.0])
    assert (measures.frames, measures.bitrate, measures.frame_rate) == (1, 0.0, 0.0)


def test_the_key_frame_that_each_connection_begins_with_is_in_no_rate() -> None:
    measures = StreamMeasures()
    for begin in (0.0, 10.0):
        for place, stamp in enumerate(at_rate(25, 26, begin=begin)):
            size = 100_000 if place == 0 else 1000
            measures.take(packet(stamp, key=place == 0, size=size))
        measures.broke()
    assert measures.bitrate == pytest.approx(25 * 8000)


def test_the_longest_time_between_two_frames_is_a_gap() -> None:
    stamps = at_rate(25, 100)
    late = [stamp + (0.5 if place >= 40 else 0.0) for place, stamp in enumerate(stamps)]
    assert taken(late).longest_gap == pytest.approx(0.54)


def test_the_time_without_a_connection_is_a_gap_and_in_no_rate() -> None:
    measures = taken(at_rate(25, 51))
    measures.broke()
    measures.broke()
    for stamp in at_rate(25, 51, begin=7.0):
        measures.take(packet(stamp))
    assert measures.interruptions == 1
    assert measures.longest_gap == pytest.approx(5.0)
    assert measures.frame_rate == pytest.approx(25)


def test_a_stream_that_never_comes_back_stood_still_until_the_end() -> None:
    measures = taken(at_rate(25, 26))
    measures.broke()
    measures.end(9.0)
    assert measures.longest_gap == pytest.approx(8.0)
