"""Which of a camera's two streams is looked at, and when."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from ingest.camera.health import CameraState
from ingest.stream.frame import Frame
from ingest.stream.streams import SAMPLE_SECONDS, Streams


@dataclass
class Reading:
    """A reader whose frames are named by their moments, and who says what it is told to say."""

    size: tuple[int, int]
    state: CameraState = CameraState.LIVE
    fresh: bool = False
    error: str | None = None
    newest: float | None = 1.0
    frames: int = 5
    dropped: int = 2
    bytes: int = 100
    reconnects: int = 1
    moments: list[float] = field(default_factory=list)
    silent: float = 0.0

    def wait(self, timeout: float) -> bool:
        return bool(self.moments)

    def take(self) -> Frame | None:
        if not self.moments:
            return None
        arrived, self.moments, self.state = self.moments[-1], [], CameraState.LIVE
        return Frame(
            number=1,
            arrived=arrived,
            captured_at=datetime.now(UTC),
            width=self.size[0],
            height=self.size[1],
            pixels=lambda: None,
            shrunk=lambda width, height: (width, height),
        )

    def silent_for(self, moment: float) -> float:
        return self.silent


@pytest.fixture
def main() -> Reading:
    return Reading(size=(1920, 1080))


@pytest.fixture
def small() -> Reading:
    return Reading(size=(640, 360))


@pytest.fixture
def streams(main: Reading, small: Reading) -> Streams:
    return Streams(main, small)


def taken(streams: Streams, moment: float, *, samples: bool) -> tuple[float, bool] | None:
    frame = streams.take(moment, samples=samples)
    if frame is None:
        return None
    assert (frame.width, frame.height) == (1920, 1080)
    return frame.arrived, frame.samples


def test_the_substream_is_looked_at_in_the_main_ones_place(streams: Streams, main: Reading, small: Reading) -> None:
    main.moments, small.moments = [1.0], [1.1]
    frame = streams.take(1.2, samples=False)
    assert (frame.arrived, frame.width, frame.height, frame.samples) == (1.1, 1920, 1080, False)
    assert frame.shrunk(1280, 720) == (640, 360)
    assert frame.shrunk(320, 180) == (320, 180)
    assert main.moments == [1.0], "nothing of it was decoded"


def test_samples_come_from_the_main_stream_when_they_are_cheap(streams: Streams, main: Reading, small: Reading) -> None:
    main.moments, small.moments = [10.0], [10.0]
    assert taken(streams, 10.0, samples=True) == (10.0, True), "there was none for long"
    main.moments, small.moments = [10.2], [10.2]
    assert taken(streams, 10.2, samples=True) == (10.2, False), "a key frame is waited for"
    main.moments, small.moments, main.fresh = [10.4], [10.4], True
    assert taken(streams, 10.4, samples=True) == (10.4, True), "it has come"
    main.moments, small.moments, main.fresh = [11.5], [11.5], False
    assert taken(streams, 10.4 + SAMPLE_SECONDS, samples=True) == (11.5, True), "it has not come for long"


def test_frames_never_go_back_in_time(streams: Streams, main: Reading, small: Reading) -> None:
    small.moments = [10.0]
    assert taken(streams, 10.0, samples=False) == (10.0, False)
    main.moments, small.moments, main.fresh = [9.9], [10.2], True
    assert taken(streams, 10.2, samples=True) == (10.2, False), "the main stream stands still"
    small.moments = [10.2]
    assert taken(streams, 10.4, samples=False) is None


def test_without_its_substream_a_camera_is_a_plain_one(streams: Streams, main: Reading, small: Reading) -> None:
    small.state, small.error = CameraState.RECONNECTING, "It is not there."
    main.moments = [1.0]
    assert streams.wait(0.0)
    assert taken(streams, 1.0, samples=False) == (1.0, True)
    assert (streams.state, streams.error) == (CameraState.LIVE, "The substream: It is not there.")
    main.error = "Nor is this."
    assert streams.error == "Nor is this."


def test_without_its_main_stream_nothing_is_looked_at_until_its_size_is_known(main: Reading, small: Reading) -> None:
    main.size, main.state = (0, 0), CameraState.STARTING
    streams = Streams(main, small)
    small.moments = [1.0]
    assert taken(streams, 1.0, samples=False) is None
    assert streams.state is CameraState.STARTING
    main.size, main.state, small.moments = (1920, 1080), CameraState.RECONNECTING, [1.2]
    assert taken(streams, 1.2, samples=False) == (1.2, False), "people are followed while it is away"
    main.moments = [1.4]
    assert taken(streams, 1.4, samples=False) == (1.4, True)
    assert streams.state is CameraState.LIVE


def test_both_streams_count(streams: Streams, main: Reading, small: Reading) -> None:
    assert (streams.bytes, streams.reconnects, streams.frames, streams.dropped) == (200, 2, 5, 2)
    small.silent = 3.0
    assert streams.silent_for(5.0) == 3.0


def test_one_stream_is_taken_as_it_is(main: Reading) -> None:
    streams = Streams(main)
    main.moments, main.error = [1.0], "Lost."
    assert streams.wait(0.0)
    assert taken(streams, 1.0, samples=False) == (1.0, True)
    assert (streams.bytes, streams.size, streams.error) == (100, (1920, 1080), "Lost.")
