import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.messages.channel import MAX_MESSAGE, MOST_AT_ONCE, Channel, ChannelClosedError
from ingest.messages.message import Identified, Passed, Sighting, Stop, encoded, from_worker, to_worker
from tests.ingest.stubs.message_stub import EVERY_MESSAGE, sighting

Ends = tuple[socket.socket, socket.socket]

PASSED = Passed(passage=1)


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def service(ends: Ends) -> Channel[Any]:
    return Channel(ends[0], receives=from_worker())


def worker(ends: Ends) -> Channel[Any]:
    return Channel(ends[1], receives=to_worker())


def framed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def test_every_message_of_a_worker_arrives(ends: Ends) -> None:
    ours, theirs = service(ends), worker(ends)
    for message in EVERY_MESSAGE:
        theirs.send(message)
    received = ours.receive(1.0)
    assert [one for one in received if not isinstance(one, Sighting)] == [
        one for one in EVERY_MESSAGE if not isinstance(one, Sighting)
    ]
    (seen,) = (one for one in received if isinstance(one, Sighting))
    sent = sighting()
    assert np.array_equal(seen.probe.template.vectors["dlib"], sent.probe.template.vectors["dlib"])
    assert seen.probe.template.vectors["dlib"].dtype == np.float32 and seen.probe.template.vectors["dlib"].shape == (
        128,
    )
    assert (seen.probe.crop, seen.probe.quality) == (sent.probe.crop, sent.probe.quality)


def test_answers_arrive(ends: Ends) -> None:
    answer = Identified(passage=1, search=1, subject_id="s")
    service(ends).send(answer)
    assert worker(ends).receive(1.0) == [answer]


def test_each_side_takes_only_what_the_other_may_say(ends: Ends) -> None:
    worker(ends).send(Identified(passage=1, search=1, subject_id="s"))
    with pytest.raises(ChannelClosedError):
        service(ends).receive(1.0)
    service(ends).send(PASSED)
    with pytest.raises(ChannelClosedError):
        worker(ends).receive(1.0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04]\x94.",
        msgspec.msgpack.encode({"type": "Passed"}),
        msgspec.msgpack.encode({"type": "Passed", "passage": 1, "searched": 1, "refused": [], "seconds": 0, "x": 1}),
        encoded(PASSED) + b"\0",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 1_000_000,
    ],
    ids=["empty", "pickle", "fields missing", "a field too many", "a byte too many", "a huge array", "deep"],
)
def test_nonsense_closes_the_channel(ends: Ends, data: bytes) -> None:
    with pytest.raises(ChannelClosedError):
        feed(ends, framed(data))


def feed(ends: Ends, data: bytes) -> list[Any]:
    """Sends the bytes as fast as the service takes them, which answers at once."""
    ours, received = service(ends), []
    ends[1].setblocking(False)
    while data:
        data = data[ends[1].send(data[: 1 << 16]) :]
        received += ours.receive(0.0)
    return received


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_close_the_channel_and_do_nothing_else(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(framed(data))
        with contextlib.suppress(ChannelClosedError):
            service((ours, theirs)).receive(0.1)


def test_half_a_message_is_waited_for_without_blocking(ends: Ends) -> None:
    data = framed(encoded(PASSED))
    ours = service(ends)
    ends[1].sendall(data[:7])
    assert ours.receive(0.01) == []
    assert ours.receive(0.01) == []
    ends[1].sendall(data[7:] + data)
    assert len(ours.receive(0.1)) == 2


def test_of_a_flood_a_limited_number_is_taken_and_none_is_lost(ends: Ends) -> None:
    ours, theirs = service(ends), worker(ends)
    for _ in range(MOST_AT_ONCE + 1):
        theirs.send(PASSED)
    assert len(ours.receive(1.0)) == MOST_AT_ONCE
    began = time.monotonic()
    assert len(ours.receive(10.0)) == 1
    assert time.monotonic() - began < 5.0, "what is there already is not waited for"


def test_what_was_sent_before_the_end_is_still_handed_out(ends: Ends) -> None:
    ours, theirs = service(ends), worker(ends)
    theirs.send(PASSED)
    theirs.close()
    assert len(ours.receive(0.1)) == 1
    with pytest.raises(ChannelClosedError):
        ours.receive(0.1)


@pytest.mark.slow
def test_sending_to_somebody_who_does_not_read_never_blocks(ends: Ends) -> None:
    channel = service(ends)
    with pytest.raises(ChannelClosedError):
        for _ in range(1_000_000):
            channel.send(Stop())
    assert channel.unsent > 0
    assert not channel.flush(0.01)


def test_a_message_too_long_is_refused(ends: Ends) -> None:
    ends[1].sendall(struct.pack(">I", MAX_MESSAGE + 1))
    with pytest.raises(ChannelClosedError):
        service(ends).receive(0.1)
