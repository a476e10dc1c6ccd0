import contextlib
import os
import pickle
import socket
import struct
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_stub import DIGEST, quality

from ingest.channel import MAX_MESSAGE, Channel, ChannelClosedError
from ingest.health import CameraState, Health
from ingest.message import Identified, Passed, Report, Sighting, View, ViewBox
from matcher.probe import Probe
from matcher.recognition.face import Box
from matcher.recognition.template import Template


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def sighting() -> Sighting:
    vector = np.linspace(0, 1, 128, dtype=np.float32)
    template = Template(model_digest=DIGEST, sface=vector, dlib=vector[::-1])
    probe = Probe(template=template, quality=quality(), crop=b"\xff\xd8")
    return Sighting(
        passage=1, track=1, search=1, first=True, captured_at=datetime.now(UTC), arrived=1.0, sent=1.0, probe=probe
    )


def test_every_message_of_a_worker_arrives(ends: tuple[socket.socket, socket.socket]) -> None:
    service, worker = Channel(ends[0], trusting=False), Channel(ends[1], trusting=True)
    box = ViewBox(track=1, box=Box(x=0, y=0, width=1, height=1), subject_id=None)
    sent = [
        Report(health=Health(camera_id="c", state=CameraState.LIVE, refused={"blurred": 1}), stages={"detect": [0.1]}),
        View(number=1, captured_at=datetime.now(UTC), jpeg=b"x" * 100_000, boxes=(box,)),
        Passed(passage=1, searched=0, refused=("blurred",), seconds=1.0),
    ]
    for message in sent:
        worker.send(message)
    worker.send(sighting())
    *received, seen = service.receive(1.0)
    assert received == sent
    assert np.array_equal(seen.probe.template.dlib, sighting().probe.template.dlib)
    service.send(Identified(passage=1, search=1, subject_id="s"))
    assert worker.receive(1.0) == [Identified(passage=1, search=1, subject_id="s")]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo pwned > /tmp/never",)


@pytest.mark.parametrize("message", [Evil(), [Evil()], socket.AF_INET, Evil])
def test_a_worker_can_run_nothing_in_the_service(ends: tuple[socket.socket, socket.socket], message: object) -> None:
    Channel(ends[1], trusting=True).send(message)
    with pytest.raises(ChannelClosedError):
        Channel(ends[0], trusting=False).receive(1.0)


@given(st.binary(max_size=200))
def test_nonsense_closes_the_channel_and_does_nothing_else(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack(">I", len(data)) + data)
        service = Channel(ours, trusting=False)
        with contextlib.suppress(ChannelClosedError):
            service.receive(0.1)


def test_half_a_message_is_waited_for_without_blocking(ends: tuple[socket.socket, socket.socket]) -> None:
    data = pickle.dumps(Passed(passage=1, searched=1, refused=(), seconds=0.0))
    framed = struct.pack(">I", len(data)) + data
    service = Channel(ends[0], trusting=False)
    ends[1].sendall(framed[:7])
    assert service.receive(0.01) == []
    assert service.receive(0.01) == []
    ends[1].sendall(framed[7:] + framed)
    assert len(service.receive(0.1)) == 2


def test_what_was_sent_before_the_end_is_still_handed_out(ends: tuple[socket.socket, socket.socket]) -> None:
    service, worker = Channel(ends[0], trusting=False), Channel(ends[1], trusting=True)
    worker.send(Passed(passage=1, searched=1, refused=(), seconds=0.0))
    worker.close()
    assert len(service.receive(0.1)) == 1
    with pytest.raises(ChannelClosedError):
        service.receive(0.1)


def test_sending_to_somebody_who_does_not_read_never_blocks(ends: tuple[socket.socket, socket.socket]) -> None:
    channel = Channel(ends[0], trusting=False)
    with pytest.raises(ChannelClosedError):
        for _ in range(1000):
            channel.send(b"x" * 100_000)
    assert channel.unsent > 0
    assert not channel.flush(0.01)


def test_a_message_too_long_is_refused(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].sendall(struct.pack(">I", MAX_MESSAGE + 1))
    with pytest.raises(ChannelClosedError):
        Channel(ends[0], trusting=False).receive(0.1)
