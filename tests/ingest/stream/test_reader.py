import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import NoReturn

import pytest

from ingest.camera.health import CameraState
from ingest.stream.backoff import Backoff
from ingest.stream.frame import Frame
from ingest.stream.packet import Packet
from ingest.stream.reader import Reader
from ingest.stream.source import Source, StreamInfo


class Keyless:
    """A stream whose first key frame does not come: bytes and no frames."""

    def __init__(self) -> None:
        self.bytes_received = 0
        self.closed = Event()

    def open(self) -> StreamInfo:
        return StreamInfo(codec="h264", width=0, height=0)

    def packets(self) -> Iterator[Packet]:
        self.closed.wait()
        return iter(())

    def close(self) -> None:
        self.closed.set()


def reader_of(open_source: Callable[[], Source]) -> Reader:
    return Reader(open_source, backoff=Backoff(first=0.01, cap=0.01))


def wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_bytes_without_frames_are_a_sign_of_life() -> None:
    source = Keyless()
    reader = reader_of(lambda: source)
    reader.start()
    source.bytes_received = 100
    wait(lambda: reader.bytes)
    later = time.monotonic() + 100
    assert reader.silent_for(later) == 0
    assert reader.silent_for(later + 20) == 20
    source.bytes_received = 200
    assert reader.silent_for(later + 20) == 0
    source.close()
    reader.stop(5)


class Slow(Keyless):
    """A camera that takes its time to answer."""

    def open(self) -> StreamInfo:
        self.closed.wait()
        return super().open()


def test_the_time_that_a_source_may_take_to_open_is_no_silence() -> None:
    source = Slow()
    reader = Reader(lambda: source, backoff=Backoff(first=0.01, cap=0.01), open_seconds=30.0)
    reader.start()
    wait(lambda: reader.silent_for(time.monotonic() + 59) == 0)
    assert reader.silent_for(time.monotonic() + 80) == pytest.approx(20, abs=2)
    source.close()
    reader.stop(5)


@pytest.mark.parametrize("error", [OSError("rtsp://user:canary@camera/"), RuntimeError("canary")])
def test_whatever_breaks_is_said_without_its_words_and_tried_again(error: Exception) -> None:
    def broken() -> Source:
        raise error

    reader = reader_of(broken)
    reader.start()
    wait(lambda: reader.reconnects > 2)
    assert reader.state is CameraState.RECONNECTING
    assert reader.error is not None
    assert re.fullmatch(
        r"The camera's stream reader met an error in its own code \(test_reader\.py:\d+\)\.", reader.error
    )
    reader.stop(5)


class Ending:
    """A stream of some packets that decode to frames of their own number, and an end."""

    def __init__(self, keys: list[bool]) -> None:
        self.bytes_received = 0
        self.decoded: list[tuple[int, bool]] = []
        self.keys = keys
        self.end = Event()

    def open(self) -> StreamInfo:
        return StreamInfo(codec="h264", width=0, height=0)

    def packets(self) -> Iterator[Packet]:
        for number, key in enumerate(self.keys, 1):
            yield Packet(arrived=float(number), key=key, size=1, decode=partial(self._decoded, number))
        self.end.wait()

    def close(self) -> None:
        self.end.set()

    def _decoded(self, number: int, afresh: bool) -> Frame:
        self.decoded.append((number, afresh))

        def unread(*size: int) -> NoReturn:
            raise AssertionError("nobody looks at the pixels")

        return Frame(
            number=number,
            arrived=float(number),
            captured_at=datetime.now(UTC),
            width=64,
            height=48,
            pixels=unread,
            shrunk=unread,
        )


def test_only_what_the_newest_frame_needs_is_decoded_and_live_is_who_has_frames() -> None:
    source = Ending([True, False, False, True, False])
    reader = reader_of(lambda: source)
    assert not reader.wait(0.0)
    assert reader.take() is None
    reader.start()
    wait(lambda: reader.frames == 5)
    assert reader.state is CameraState.STARTING
    assert reader.wait(0.0)
    frame = reader.take()
    assert frame is not None and frame.number == 5
    assert source.decoded == [(4, True), (5, False)]
    assert (reader.state, reader.size, reader.dropped, reader.newest) == (CameraState.LIVE, (64, 48), 4, 5.0)
    source.close()
    wait(lambda: reader.reconnects)
    reader.stop(5)


def test_what_a_lost_stream_left_is_not_decoded() -> None:
    source = Ending([True, False])
    source.end.set()
    opened: list[Source] = []

    def once() -> Source:
        if opened:
            raise OSError
        opened.append(source)
        return source

    reader = reader_of(once)
    reader.start()
    wait(lambda: reader.reconnects > 1)
    assert reader.take() is None
    assert (source.decoded, reader.dropped, reader.state) == ([], 2, CameraState.RECONNECTING)
    reader.stop(5)
