"""A check of made-up streams: what it measures does not depend on how long it looks, or on how busy the machine is."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from ingest_stub import BrightRecogniser

from ingest import check, receiver
from ingest.check import CameraCheck, look_through
from ingest.face_measures import FaceMeasures
from ingest.frame import Frame
from ingest.packet import Packet
from ingest.source import CameraStreamError, StreamInfo
from matcher.recognition.face import Face, Image
from matcher.recognition.quality import QualityGate

PATIENCE = 30.0
FPS = 25
BROKEN = CameraStreamError("It broke.", remedy="Mend it.")


class Decoder:
    """Makes packets, and remembers those that were decoded: their numbers, and whether afresh."""

    def __init__(self) -> None:
        self.decoded: list[tuple[int, bool]] = []
        self.moved = threading.Condition()

    def packet(self, number: int, *, begin: float = 0.0) -> Packet:
        stamp = begin + number / FPS

        def decode(afresh: bool) -> Frame:
            with self.moved:
                self.decoded.append((number, afresh))
                self.moved.notify_all()
            blank = np.zeros((64, 64, 3), np.uint8)
            return Frame(
                number=number,
                arrived=stamp,
                captured_at=datetime.now(UTC),
                width=64,
                height=64,
                pixels=lambda: blank,
                shrunk=lambda width, height: blank,
            )

        return Packet(arrived=stamp, key=number % 10 == 0, size=1000, decode=decode, sent=stamp)

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


def checked(*connections: Iterator[Packet], recogniser: BrightRecogniser | None = None) -> CameraCheck:
    streams = [Stream(packets) for packets in connections]
    opened = iter(streams)
    faces = FaceMeasures(recogniser or BrightRecogniser(), QualityGate())
    found = look_through(lambda: next(opened), faces, seconds=600.0, endless=False)
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


def test_a_broken_stream_is_taken_up_again_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "RECONNECT_SECONDS", 0.0)
    decoder = Decoder()

    def breaking() -> Iterator[Packet]:
        yield from map(decoder.packet, range(50))
        raise BROKEN

    found = checked(breaking(), (decoder.packet(number, begin=7.0) for number in range(50)))
    assert (found.interruptions, found.frames, found.missing) == (1, 100, 0)
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
