"""What a message may hold, and that whatever a worker sends is taken or closes its channel.

`make fuzz` tries 100,000 mutated messages; `make test` some thousand.
"""

import contextlib
import math
import os
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest

from ingest.check.check import CameraCheck
from ingest.check.check_process import CheckDone, from_check
from ingest.messages.bounds import LARGEST_COUNT, LARGEST_PICTURE, LONGEST_TEXT, MOST_ITEMS
from ingest.messages.channel import Channel, ChannelClosedError
from ingest.messages.factory import Factory
from ingest.messages.message import (
    LARGEST_VECTOR,
    CheckFailed,
    CheckProgress,
    Passed,
    Report,
    View,
    ViewBox,
    encoded,
    from_worker,
    to_worker,
)
from ingest.supervision.worker_clock import SAMPLES, WorkerClock
from matcher.errors import ClearglassError
from matcher.probe.probe import Probe
from matcher.recognition.face import Box
from matcher.recognition.template import Template
from tests.ingest.stubs.dialogue_stub import Spoken
from tests.ingest.stubs.ingest_stub import DIGEST, quality
from tests.ingest.stubs.message_stub import EVERY_MESSAGE, NOW, health, sighting

CASES = int(os.environ.get("CLEARGLASS_FUZZ_CASES", "2000"))
LONGEST = 1.0
"""Seconds that one message may keep the service busy."""

CHECK = CameraCheck(
    codec="h264",
    width=320,
    height=240,
    seconds=1.0,
    frames=25,
    frame_rate=25.0,
    bitrate=1e6,
    longest_gap_seconds=0.1,
    damaged=0,
    interruptions=0,
    looked_at=2,
    faces=2,
    usable=2,
    refused={"blurred": 1},
    eye_distance_median=30.0,
    sharpness_median=100.0,
    yaw_median=None,
    pitch_median=None,
    brightness_median=100.0,
    quantiser_median=None,
)
CHECK_MESSAGES = (
    CheckProgress(gone=1.0),
    CheckFailed(code="check_failed", message="It failed.", remedy="Try again."),
    CheckDone(check=CHECK),
)


def probe(**changes: Any) -> Probe:
    return replace(sighting().probe, **changes)


def template(**changes: Any) -> Template:
    vector = np.zeros(128, np.float32)
    return Template(model_digest=DIGEST, vectors={"sface": vector, "dlib": vector, **changes})


TOO_MUCH: dict[str, Callable[[], Any]] = {
    "a long error": lambda: Report(health=health(error="x" * (LONGEST_TEXT + 1)), sent=0.0),
    "a count beyond floats": lambda: Report(health=health(frames=LARGEST_COUNT + 1), sent=0.0),
    "an infinite rate": lambda: Report(health=health(frame_rate=math.inf), sent=0.0),
    "a time without a zone": lambda: Report(health=health(retry_at=datetime(2026, 1, 1)), sent=0.0),
    "an unknown reason": lambda: Report(health=health(refused={"ugly": 1}), sent=0.0),
    "an unknown stage": lambda: Report(health=health(), sent=0.0, stages={"sleep": [1.0]}),
    "many times": lambda: Report(health=health(), sent=0.0, stages={"detect": [0.0] * 10_001}),
    "sent at no time": lambda: Report(health=health(), sent=math.nan),
    "a large view": lambda: View(number=1, captured_at=NOW, jpeg=b"x" * (LARGEST_PICTURE + 1), boxes=()),
    "many boxes": lambda: View(number=1, captured_at=NOW, jpeg=b"", boxes=(BOX,) * 501),
    "a box at no place": lambda: ViewBox(track=1, box=Box(x=math.nan, y=0, width=1, height=1), subject_id=None),
    "a long subject id": lambda: View(
        number=1, captured_at=NOW, jpeg=b"", boxes=(msgspec.structs.replace(BOX, subject_id="x" * 65),)
    ),
    "a negative passage": lambda: Passed(passage=-1),
    "a large crop": lambda: sighting(probe=probe(crop=b"x" * (LARGEST_PICTURE + 1))),
    "a quality that is no number": lambda: sighting(probe=probe(quality=quality(sharpness=math.nan))),
    "an empty vector": lambda: sighting(probe=probe(template=template(dlib=np.zeros(0, np.float32)))),
    "a long vector": lambda: sighting(probe=probe(template=template(dlib=np.zeros(LARGEST_VECTOR + 1, np.float32)))),
    "many vectors": lambda: sighting(
        probe=probe(template=template(**{f"e{at}": np.zeros(1, np.float32) for at in range(MOST_ITEMS)}))
    ),
    "a vector in two dimensions": lambda: sighting(probe=probe(template=template(sface=np.zeros((2, 64), np.float32)))),
    "a vector that is not finite": lambda: sighting(
        probe=probe(template=template(sface=np.full(128, np.nan, np.float32)))
    ),
}
BOX = ViewBox(track=1, box=Box(x=0, y=0, width=1, height=1), subject_id=None)


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_exceeds_its_limits_is_refused(name: str) -> None:
    """Some by the sender already, whose own fault it would be; the rest by the receiver."""
    with pytest.raises((ValueError, msgspec.ValidationError)):
        from_worker().decode(encoded(TOO_MUCH[name]()))


def test_limits_hold_for_the_receiver_whatever_the_sender_checks() -> None:
    """The sender of a hostile message is no Python: here its bytes are made from plain values."""
    plain = msgspec.msgpack.decode(encoded(Report(health=health(), sent=0.0)))
    for change in ({"frames": LARGEST_COUNT + 1}, {"error": "x" * (LONGEST_TEXT + 1)}, {"refused": {"ugly": 1}}):
        hostile = plain | {"health": plain["health"] | change}
        with pytest.raises(msgspec.ValidationError):
            from_worker().decode(msgspec.msgpack.encode(hostile))
    assert from_worker().decode(msgspec.msgpack.encode(plain)) == Report(health=health(), sent=0.0)


@pytest.mark.parametrize("name", ["os:system", "tests.ingest.stubs.ingest_stub:hang"])
def test_a_worker_cannot_name_what_the_service_calls(name: str) -> None:
    hostile = {"type": "Start", "recogniser_factory": {"name": name, "arguments": {}}}
    with pytest.raises(msgspec.ValidationError):
        from_worker().decode(msgspec.msgpack.encode(hostile))


@pytest.mark.parametrize("name", ["no_colon", "a:b:c", "a: b", "__import__('os'):x", ""])
def test_a_factory_is_a_module_and_a_name(name: str) -> None:
    plain = {"name": name, "arguments": {}}
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(plain), type=Factory)


def test_a_factory_is_called_with_its_arguments() -> None:
    made = Factory(name="tests.ingest.stubs.ingest_stub:HangingRecogniser", arguments={"folder": "/nowhere"})()
    assert made.model_digest == DIGEST


def test_a_check_arrives_as_it_was() -> None:
    for message in CHECK_MESSAGES:
        assert from_check().decode(encoded(message)) == message


def test_a_workers_moments_are_told_in_the_services_time() -> None:
    clock = WorkerClock()
    # The worker's clock is 1,000 s behind; messages take 0.5, 0.002 and 0.1 s.
    for sent, delay in ((10.0, 0.5), (11.0, 0.002), (12.0, 0.1)):
        clock.heard(sent=sent, received=sent + 1000.0 + delay)
    assert clock.here(12.0) == pytest.approx(1012.002)
    # It goes slow by a millisecond a report: what was found long ago is forgotten.
    for number in range(SAMPLES):
        clock.heard(sent=20.0 + number, received=1020.0 + number * 1.001)
    assert clock.here(0.0) == pytest.approx(1000.0)
    clock.heard(sent=300.0, received=1301.0)
    assert clock.here(0.0) > 1000.0


class Refusing:
    """Identifier and alerts that have no time for a hostile worker."""

    class DownError(ClearglassError):
        code: ClassVar[str] = "test_down"

    def identify(self, probe: Probe, query: object) -> Any:
        assert probe.template.vectors["sface"].shape == probe.template.vectors["dlib"].shape == (128,)
        assert np.isfinite(probe.template.vectors["sface"]).all()
        raise self.DownError("Down.", remedy="Wait.")


STRANGE = (
    *(None, True, -1, 0, 3, 2**53, 2**63, 2**64 - 1, -(2**63), 7.5, -1e11, 1e300, math.nan, math.inf),
    *(
        "",
        "anna",
        "live",
        "stopped",
        "x" * 5000,
        b"",
        b"\0" * 512,
        b"\xff" * 512,
        NOW,
        datetime(9999, 12, 31, tzinfo=UTC),
    ),
    *([], ["blurred"], [0.0] * 600, [[]] * 600, {}, {"x": {}}, {"detect": [1e11]}, msgspec.msgpack.Ext(5, b"x")),
)
MARKS = (
    *(b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xdb\x7f\xff\xff\xff"),
    *(b"\xc1", b"\xc0"),
)
"""An array, a map, bytes and a text of huge lengths; an unused type; nothing."""


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The message with one to four faults; half of them with one that leaves it well encoded."""
    if chance.random() < 0.5:
        return strange(data, chance)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at]
        elif kind == 2:
            data = data[:at] + chance.randbytes(chance.randint(1, 20)) + data[at:]
        elif kind == 3:
            data = data[:at] + chance.choice(MARKS) + data[at + chance.randint(0, 5) :]
        elif kind == 4:
            other = chance.randrange(len(data) + 1)
            data = data[:at] + data[other : other + chance.randint(0, 30)] + data[at:]
        else:
            data = data[:at] + b"\x91" * chance.choice([1, 100, 100_000]) + data[at:]
    return data


def strange(data: bytes, chance: random.Random) -> bytes:
    """A value somewhere in the message is replaced by one of another type or size, and all of it encoded rightly."""
    try:
        plain = msgspec.msgpack.decode(data)
        place: Any = plain
        while True:
            key: Any = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if not (isinstance(place[key], dict | list) and place[key] and chance.random() < 0.8):
                break
            place = place[key]
        alike = [value for value in STRANGE if isinstance(value, type(place[key]))]
        values = alike if alike and chance.random() < 0.7 else STRANGE
        place[key if chance.random() < 0.9 else "more"] = chance.choice(values)
        return msgspec.msgpack.encode(plain)
    except (msgspec.MsgspecError, IndexError, TypeError, ValueError, RecursionError):
        return data


def framed(data: bytes, chance: random.Random) -> bytes:
    """With its length, which is wrong now and then."""
    length = len(data) if chance.random() < 0.9 else chance.choice([0, len(data) - 1, len(data) + 7, 2**32 - 1])
    return struct.pack(">I", max(length, 0)) + data


def taken(data: bytes, receives: Any) -> Iterator[Any]:
    """What a channel makes of the bytes, the end of which is the end of the connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel: Channel[Any] = Channel(ours, receives=receives)
        theirs.setblocking(False)
        while data:
            with contextlib.suppress(BlockingIOError):
                data = data[theirs.send(data) :]
            yield from channel.receive(0.0)
        theirs.close()
        while True:
            yield from channel.receive(0.0)


def test_mutated_messages_are_taken_or_refused() -> None:
    spoken = Spoken(identifier=Refusing(), alerts=Refusing())
    worker = [(encoded(message), from_worker()) for message in EVERY_MESSAGE]
    check = [(encoded(message), from_check()) for message in CHECK_MESSAGES]
    counts = {"taken": 0, "refused": 0}
    longest, began = 0.0, time.monotonic()
    for case in range(CASES):
        chance = random.Random(case)
        valid, receives = chance.choice(worker + check)
        data = framed(mutated(valid, chance), chance)
        start = time.monotonic()
        before = counts["taken"]
        try:
            for message in taken(data, receives):
                counts["taken"] += 1
                if receives is from_worker():
                    spoken.dialogue.take(message, start)
        except ChannelClosedError:
            counts["refused"] += counts["taken"] == before
        except Exception as error:
            raise AssertionError(f"case {case}") from error
        longest = max(longest, time.monotonic() - start)
    print(f"{CASES} in {time.monotonic() - began:.1f} s, the slowest {longest * 1000:.0f} ms, {counts}")  # noqa: T201
    assert longest < LONGEST
    assert min(counts.values()) > CASES // 20
    for valid, receives in worker:
        assert next(taken(struct.pack(">I", len(valid)) + valid, receives)) is not None
    assert spoken.record.health().camera_id == "one"
    assert to_worker() is not from_worker()
