"""RTSP as it arrives: messages and packets, cut anywhere, with nonsense between."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.relay.rtsp_message import Block, RtspMessage, RtspReader
from ingest.stream.source import CameraStreamError

ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 7\r\nX: a:b\r\n\r\nv=0\r\n\r\n"
REQUEST = b"DESCRIBE rtsp://127.0.0.1:9/x RTSP/1.0\r\nCSeq: 2\r\n\r\n"


def packet(channel: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0x24, channel, len(payload)) + payload


PACKETS = [packet(0, bytes(range(40))), packet(1, b"$" * 20), packet(0, b"RTSP/1.0 200 OK\r\n\r\n" * 3)]


def read(data: bytes, cuts: list[int]) -> list[RtspMessage | Block]:
    reader, last = RtspReader(), 0
    items: list[RtspMessage | Block] = []
    for cut in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        items += reader.feed(data[last:cut])
        last = cut
    return items


@given(st.lists(st.integers(0, 1000), max_size=12))
def test_messages_and_packets_come_out_whole_however_they_are_cut(cuts: list[int]) -> None:
    answer, one, two, request, three, last = read(
        ANSWER + PACKETS[0] + PACKETS[1] + REQUEST + PACKETS[2] + ANSWER, cuts
    )
    assert [one.data, two.data, three.data] == PACKETS  # type: ignore[union-attr]
    assert isinstance(answer, RtspMessage) and (answer.status, answer.body) == (200, b"v=0\r\n\r\n")
    assert (answer.header("cseq"), answer.header("x")) == ("3", "a:b")
    assert isinstance(request, RtspMessage)
    assert (request.status, request.method, request.uri) == (None, "DESCRIBE", "rtsp://127.0.0.1:9/x")
    assert last == answer


@given(
    noise=st.binary(max_size=60).filter(lambda noise: b"$" not in noise and b"RTSP" not in noise),
    cut=st.integers(0, 300),
)
def test_nonsense_between_packets_is_left_out(noise: bytes, cut: int) -> None:
    data = PACKETS[0] + noise + PACKETS[1] * 3
    blocks = [item.data for item in read(data, [cut]) if isinstance(item, Block)]
    assert blocks[0] == PACKETS[0] and blocks[-1] == PACKETS[1]


def test_a_changed_request_keeps_what_was_not_changed() -> None:
    (message,) = read(REQUEST[:-2] + b"Authorization: old\r\nAccept: application/sdp\r\n\r\n", [])
    assert isinstance(message, RtspMessage)
    changed = message.changed(uri="rtsp://10.0.0.5:554/y", cseq="9", authorization=None).encoded()
    assert changed == b"DESCRIBE rtsp://10.0.0.5:554/y RTSP/1.0\r\nCSeq: 9\r\nAccept: application/sdp\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 20_000,
        b"RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: \xd9\xa3\r\n\r\n",
    ],
)
def test_messages_without_bounds_are_refused(data: bytes) -> None:
    with pytest.raises(CameraStreamError, match="no RTSP"):
        read(data, [])


@given(st.binary(max_size=500), st.lists(st.integers(0, 500), max_size=5))
def test_any_bytes_are_read_without_a_fault(data: bytes, cuts: list[int]) -> None:
    try:
        items = read(data, cuts)
    except CameraStreamError:
        return
    assert all(isinstance(item, Block | RtspMessage) for item in items)
