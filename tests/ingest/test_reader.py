import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from ingest.backoff import Backoff
from ingest.frame import Frame
from ingest.health import CameraState
from ingest.mailbox import Mailbox
from ingest.reader import Reader
from ingest.source import Source, StreamInfo


class Keyless:
    """A stream whose first key frame does not come: bytes and no frames."""

    def __init__(self) -> None:
        self.bytes_received = 0
        self.closed = Event()

    def open(self) -> StreamInfo:
        return StreamInfo(codec="h264", width=0, height=0, declared_fps=None)

    def frames(self) -> Iterator[Frame]:
        self.closed.wait()
        return iter(())

    def close(self) -> None:
        self.closed.set()


def reader_of(open_source: Callable[[], Source]) -> Reader:
    return Reader(open_source, backoff=Backoff(first=0.01, cap=0.01), mailbox=Mailbox())


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


@pytest.mark.parametrize("error", [OSError("rtsp://user:canary@camera/"), RuntimeError("canary")])
def test_whatever_breaks_is_said_without_its_words_and_tried_again(error: Exception) -> None:
    def broken() -> Source:
        raise error

    reader = reader_of(broken)
    reader.start()
    wait(lambda: reader.reconnects > 2)
    assert reader.state is CameraState.RECONNECTING
    assert reader.error == f"The camera's stream reader broke: {type(error).__name__}."
    reader.stop(5)
