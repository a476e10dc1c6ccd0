"""A check of made-up streams: what it measures does not depend on how long it looks, or on how busy the machine is."""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from ingest.camera.picture_shape import PictureShape
from ingest.check import check
from ingest.check.check import CameraCheck, check_camera
from ingest.stream import receiver
from ingest.stream.frame import Frame
from ingest.stream.packet import Packet
from ingest.stream.source import CameraStreamError, CameraUnreachableError, StreamInfo
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from tests.ingest.stubs.ingest_stub import BrightRecogniser, face_at

PATIENCE = 30.0
FPS = 25
BROKEN = CameraStreamError("It broke.", remedy="Mend it.")


class Decoder:
    """Makes packets, and remembers those that were decoded: their numbers, and whether afresh."""

    def __init__(self, picture: Image | None = None) -> None:
        self.picture = np.zeros((64, 64, 3), np.uint8) if picture is None else picture
        self.damaged: set[int] = set()
        self.decoded: list[tuple[int, bool]] = []
        self.moved = threading.Condition()

    def packet(self, number: int, *, begin: float = 0.0) -> Packet:
        stamp = begin + number / FPS

        def decode(afresh: bool) -> Frame:
            with self.moved:
                self.decoded.append((number, afresh))
                self.moved.notify_all()
            return Frame(
                number=number,
                arrived=stamp,
                captured_at=datetime.now(UTC),
                width=64,
                height=64,
                pixels=lambda: self.picture,
                shrunk=lambda width, height: self.picture,
                damaged=number in self.damaged,
            )

        return Packet(arrived=stamp, key=number % 10 == 0, size=1000, decode=decode)

    def wait_for(self, number: int) -> None:
        with self.moved:
            assert self.moved.wait_for(lambda: number in [one for one, _ in self.decoded], PATIENCE)


class Stream:
    """One connection: what the generator gives."""

    bytes_received = 0
    damaged = 0

    def __init__(self, packets: Iterator[Packet]) -> None:
        self._packets = packets
        self.closed = False

    def open(self) -> StreamInfo:
        return StreamInfo(codec="h264", width=64, height=64)

    def packets(self) -> Iterator[Packet]:
        yield from self._packets

    def close(self) -> None:
        self.closed = True


class Slow(BrightRecogniser):
    """Looks at its first picture until it is told that everything has come."""

    def __init__(self) -> None:
        self.looking = threading.Event()
        self.all_came = threading.Event()

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        self.looking.set()
        assert self.all_came.wait(PATIENCE), "what comes is not received while a picture is looked at"
        return super().detect(images)


def checked(
    *connections: Iterator[Packet],
    recogniser: BrightRecogniser | None = None,
    shape: PictureShape = PictureShape(),  # noqa: B008 - frozen
) -> CameraCheck:
    streams = [Stream(packets) for packets in connections]
    opened = iter(streams)
    found = check_camera(
        lambda: next(opened), endless=False, seconds=600.0, shape=shape, recogniser=recogniser or BrightRecogniser()
    )
    assert all(stream.closed for stream in streams)
    return found


def test_packets_are_received_while_a_picture_is_looked_at() -> None:
    decoder, slow = Decoder(), Slow()

    def packets() -> Iterator[Packet]:
        yield decoder.packet(0)
        assert slow.looking.wait(PATIENCE)
        yield from map(decoder.packet, range(1, 50))
        slow.all_came.set()

    found = checked(packets(), recogniser=slow)
    assert found.frames == 50
    assert [number for number, _ in decoder.decoded] == list(range(50))
    assert found.longest_gap_seconds == pytest.approx(1 / FPS)
    assert found.looked_at >= 1


@pytest.mark.parametrize(("bound", "most"), [("MOST_PACKETS", 5), ("MOST_BYTES", 5000)])
def test_a_machine_that_does_not_keep_up_leaves_out_whole_groups(
    monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(receiver, bound, most)
    decoder, slow = Decoder(), Slow()

    def packets() -> Iterator[Packet]:
        yield decoder.packet(0)
        assert slow.looking.wait(PATIENCE)
        yield from map(decoder.packet, range(1, 18))
        slow.all_came.set()
        decoder.wait_for(5)
        yield from map(decoder.packet, range(18, 23))

    found = checked(packets(), recogniser=slow)
    assert found.frames == 23
    assert decoder.decoded == [*((number, False) for number in range(6)), (20, True), (21, False), (22, False)]


def test_a_broken_stream_is_opened_again_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "RECONNECT_SECONDS", 0.0)
    decoder = Decoder()

    def breaking() -> Iterator[Packet]:
        yield from map(decoder.packet, range(50))
        raise BROKEN

    found = checked(breaking(), (decoder.packet(number, begin=7.0) for number in range(50)))
    assert (found.interruptions, found.frames) == (1, 100)
    assert found.longest_gap_seconds == pytest.approx(7.0 - 49 / FPS)
    assert found.frame_rate == pytest.approx(FPS)
    assert found.bitrate == pytest.approx(8000 * FPS)


def test_a_camera_that_never_sent_anything_is_told_why() -> None:
    def breaking() -> Iterator[Packet]:
        raise BROKEN
        yield

    with pytest.raises(CameraStreamError) as raised:
        checked(breaking())
    assert raised.value is BROKEN


def test_damaged_frames_are_not_measured() -> None:
    decoder = Decoder()
    decoder.damaged = set(range(50))
    found = checked(map(decoder.packet, range(50)))
    assert (found.frames, found.looked_at) == (50, 0)


class Lying(BrightRecogniser):
    """Sees a bright mark surest when it is at the top."""

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        return [[face_at(10, 10, score=0.9 if image[0].mean() > 200 else 0.8)] for image in images]


@pytest.mark.parametrize(
    ("edge", "shape", "turned"),
    [
        (np.s_[0, :], PictureShape(), 0),
        (np.s_[-1, :], PictureShape(), 180),
        (np.s_[:, -1], PictureShape(rotation=90), 270),
        (np.s_[:, -1], PictureShape(rotation=90, mirrored=True), 90),
    ],
)
def test_which_way_up_faces_stand_is_told(edge: tuple[slice, ...], shape: PictureShape, turned: int) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[edge] = 255
    decoder = Decoder(picture)

    def slowly() -> Iterator[Packet]:
        for number in range(0, 1000, FPS):
            yield decoder.packet(number)
            decoder.wait_for(number)

    found = checked(slowly(), recogniser=Lying(), shape=shape)
    assert (found.turned, found.rotation) == (turned, shape.rotation)


class Hanging:
    """A source that hangs in the system, where no limit reaches: when it is opened, or after two packets."""

    bytes_received = 0
    damaged = 0

    def __init__(self, *, opens: bool) -> None:
        self.opens = opens
        self.freed = threading.Event()

    def open(self) -> StreamInfo:
        if not self.opens:
            self.freed.wait(PATIENCE)
        return StreamInfo(codec="h264", width=64, height=64)

    def packets(self) -> Iterator[Packet]:
        yield from map(Decoder().packet, range(2))
        self.freed.wait(PATIENCE)

    def close(self) -> None:
        """Does not reach what hangs."""


@pytest.mark.slow
def test_a_check_of_a_stream_that_hangs_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "OPENING_GRACE", 0.1)
    monkeypatch.setattr(receiver, "ENDING_SECONDS", 0.1)
    began = time.monotonic()
    silent, stuck = Hanging(opens=False), Hanging(opens=True)
    with pytest.raises(CameraUnreachableError, match="did not answer in time"):
        check_camera(lambda: silent, endless=True, seconds=1.0, open_seconds=0.2, recogniser=BrightRecogniser())
    found = check_camera(lambda: stuck, endless=True, seconds=1.0, open_seconds=0.2, recogniser=BrightRecogniser())
    assert found.frames == 2
    assert time.monotonic() - began < 6.0
    silent.freed.set()
    stuck.freed.set()


def test_a_camera_that_sends_no_picture_is_told_so() -> None:
    with pytest.raises(CameraStreamError, match="sent no picture"):
        checked(iter(()))
