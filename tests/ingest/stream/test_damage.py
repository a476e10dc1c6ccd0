"""Damaged frames: streams with packets cut or lost, through the real decoder up to the searches they must not cause."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.analysis.passage import SearchRule
from ingest.analysis.watch import Watch
from ingest.stream.av_source import AvSource
from ingest.stream.damage import REFRESH_SECONDS, Damage
from ingest.stream.frame import Frame
from ingest.stream.loss_marker import loss_marker_unit
from matcher.picture.pixel_array import Image
from matcher.recognition.quality import QualityGate
from tests.ingest.stubs.clips import ENCODERS, encoded
from tests.ingest.stubs.ingest_stub import BrightRecogniser

HIT = 30
"""The packet that is damaged, of 75 with key frames at 0, 25 and 50."""


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    """A wall that drifts, and before it a bright square that the stub takes for a face."""
    wall = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 200, (240, 320, 3), dtype=np.uint8), (9, 9), 3)
    shown = []
    for number in range(75):
        picture = np.roll(wall, 3 * number, axis=1)
        picture[80:150, 60 + number : 130 + number] = 250
        shown.append(picture)
    return shown


@pytest.fixture(scope="module", params=["H264", "H264 with B-frames", "H265"])
def stream(request: pytest.FixtureRequest, pictures: list[Image]) -> tuple[str, list[bytes]]:
    """The encoding and the packets in decoding order."""
    encoding = request.param.split()[0]
    return encoding, encoded(pictures, encoding=encoding, b_frames=2 if "B-frames" in request.param else 0)


def marker(encoding: str) -> bytes:
    unit = loss_marker_unit(encoding)
    assert unit is not None
    return b"\x00\x00\x00\x01" + unit


def decoded(path: Path, encoding: str, packets: list[bytes]) -> tuple[dict[int, Frame], AvSource]:
    """Each frame by its packet's number, from 0."""
    file = path / f"stream.{ENCODERS[encoding][1]}"
    file.write_bytes(b"".join(packets))
    source = AvSource(str(file), paced=False)
    source.open()
    frames = [packet.decode(False) for packet in source.packets()]
    return {frame.number - 1: frame for frame in frames if frame is not None}, source


def searched(frame: Frame) -> bool:
    """True if a watch that sees this frame first would search for the face in it; it tracks the face in any case."""
    watch = Watch(BrightRecogniser(), gate=QualityGate(), rule=SearchRule(), gap=1.5)
    looked = watch.look(frame)
    assert len(looked.seen) == 1
    return bool(looked.sightings)


def cut(packet: bytes, mark: bytes) -> bytes:
    return mark + packet[: len(packet) // 2]


def torn(packet: bytes, mark: bytes) -> bytes:
    """As RTP brings it: what came before the lost packet, the mark, and what came after."""
    return packet[: len(packet) // 2] + mark + packet[len(packet) * 3 // 4 :]


def gone(packet: bytes, mark: bytes) -> bytes:
    return mark


@pytest.mark.slow
@pytest.mark.parametrize("damage", [cut, torn, gone])
def test_nobody_is_searched_for_from_a_loss_up_to_the_next_key_frame(
    tmp_path: Path, stream: tuple[str, list[bytes]], damage: Callable[[bytes, bytes], bytes]
) -> None:
    encoding, packets = stream
    whole, clean = decoded(tmp_path, encoding, packets)
    assert clean.damaged == 0 and len(whole) >= 72
    assert all(searched(frame) for frame in whole.values())
    hit = [*packets]
    hit[HIT] = damage(packets[HIT], marker(encoding))
    frames, source = decoded(tmp_path, encoding, hit)
    # A packet that holds nothing but the mark becomes part of the one after it.
    missing = 1 if damage is gone else 0
    original = {number: number if number < HIT else number + missing for number in frames}
    for number, frame in frames.items():
        if HIT + missing <= original[number] < 50:
            assert frame.damaged and not searched(frame), number
        elif original[number] >= 50:
            assert not frame.damaged and searched(frame), number
        if not frame.damaged:
            np.testing.assert_array_equal(frame.pixels(), whole[original[number]].pixels())
    assert sum(not frame.damaged for frame in frames.values()) >= 48
    assert 1 <= source.damaged <= 20
    source.close()
    clean.close()


@pytest.mark.parametrize("place", [HIT, 50])
def test_h264_that_was_cut_is_damaged_without_a_mark(tmp_path: Path, pictures: list[Image], place: int) -> None:
    """As in files and MPEG-TS. A key frame that is damaged itself ends nothing."""
    packets = encoded(pictures)
    packets[place] = packets[place][: len(packets[place]) // 2]
    frames, source = decoded(tmp_path, "H264", packets)
    assert [number for number, frame in frames.items() if frame.damaged] == list(range(place, 50 if place < 50 else 75))
    assert source.damaged == 1
    source.close()


def test_the_frames_before_the_first_key_frame_are_damaged(tmp_path: Path, stream: tuple[str, list[bytes]]) -> None:
    encoding, packets = stream
    # The parameter sets stand with the first key frame only, and a camera sends them with its description.
    frames, source = decoded(tmp_path, encoding, [headers(encoding, packets[0]), *packets[HIT:]])
    kept = [number for number, frame in frames.items() if not frame.damaged]
    assert len(kept) >= 22 and min(kept) == 50 - HIT
    source.close()


def headers(encoding: str, key: bytes) -> bytes:
    """The parameter sets at the beginning of a key frame's packet: NAL units up to the first slice."""
    units = [unit for unit in key.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01") if unit]
    kinds = {"H264": lambda unit: unit[0] & 31 in (7, 8), "H265": lambda unit: unit[0] >> 1 & 63 in (32, 33, 34)}
    return b"".join(b"\x00\x00\x00\x01" + unit for unit in units if kinds[encoding](unit))


def test_who_leaves_packets_out_sees_damaged_frames_up_to_a_key_frame(tmp_path: Path, pictures: list[Image]) -> None:
    file = tmp_path / "stream.h264"
    file.write_bytes(b"".join(encoded(pictures)))
    source = AvSource(str(file), paced=False)
    source.open()
    packets = list(source.packets())
    for packet in packets[:10]:
        frame = packet.decode(False)
        assert frame is not None and not frame.damaged
    later = [packet.decode(place == 0) for place, packet in enumerate(packets[HIT:])]
    fit = [frame.number - 1 for frame in later if frame is not None and not frame.damaged]
    assert fit == list(range(50, 75))
    source.close()


def told(damage: Damage, number: int, *, key: bool = False, hit: bool = False, shown: float | None = None) -> bool:
    packet = damage.packet(number, arrived=number / 25, shown=shown, key=key, hit=hit, torn=False)
    return damage.damages(packet)


def test_pictures_shown_before_their_key_frame_are_made_from_the_group_before() -> None:
    damage = Damage()
    assert not told(damage, 1, key=True, shown=0)
    assert told(damage, 2, hit=True, shown=1)
    assert not told(damage, 3, key=True, shown=4)
    assert told(damage, 4, shown=3), "it leads"
    assert not told(damage, 5, shown=5)
    assert not told(damage, 6, key=True, shown=9)
    assert not told(damage, 7, shown=8), "the group before was whole"


def test_a_frame_in_pieces_damages_those_that_come_out_later() -> None:
    damage = Damage()
    packets = [
        damage.packet(number, arrived=0.0, shown=None, key=number == 1, hit=False, torn=False) for number in (1, 2, 3)
    ]
    damage.broken(packets[1])
    assert [damage.damages(packet) for packet in packets] == [False, True, True]
    assert damage.hits == 1


def test_a_stream_without_key_frames_is_whole_again_after_a_while() -> None:
    """One that renews its picture bit by bit."""
    damage = Damage()
    assert told(damage, 1)
    assert told(damage, round(25 * REFRESH_SECONDS))
    assert not told(damage, round(25 * REFRESH_SECONDS) + 30)
    assert told(damage, round(25 * REFRESH_SECONDS) + 31, hit=True)


def test_no_picture_of_motion_jpeg_depends_on_one_before(tmp_path: Path, pictures: list[Image]) -> None:
    file = tmp_path / "stream.mjpeg"
    file.write_bytes(b"".join(cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures[:10]))
    source = AvSource(str(file), paced=False)
    source.open()
    frames = [packet.decode(True) for packet in list(source.packets())[1::2]]
    assert [frame is not None and not frame.damaged for frame in frames] == [True] * 5
    source.close()
