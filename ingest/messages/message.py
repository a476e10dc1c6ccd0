"""The messages between the service and its worker processes: typed, encoded as MessagePack. Each direction has its own
decoder, which accepts only the messages of that direction and checks types, lengths and numbers while it decodes: a
worker decodes untrusted bytes, so its messages are not trusted either.
"""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, get_origin

import msgspec
import numpy as np
from msgspec import Meta

from ingest.camera.health import Health
from ingest.camera.picture_shape import PictureShape
from ingest.messages.bounds import LARGEST_COUNT, LARGEST_PICTURE, LONGEST_TEXT, check_bounds
from ingest.messages.factory import Factory
from ingest.messages.worker_settings import WorkerSettings
from matcher.probe.probe import Probe
from matcher.recognition.face import Box
from matcher.recognition.quality import QualityReason

LARGEST_VECTOR = 4_096
"""The greatest dimension of a vector of a template."""

Count = Annotated[int, Meta(ge=0, le=LARGEST_COUNT)]
Seconds = Annotated[float, Meta(ge=-1e12, le=1e12)]
Id = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Place = Annotated[str, Meta(max_length=4096)]
Jpeg = Annotated[bytes, Meta(max_length=LARGEST_PICTURE)]
Moment = Annotated[datetime, Meta(tz=True)]
STAGES = frozenset({"decode", "convert", "detect", "track", "assess", "extract", "view"})
"""The stages that a worker may report: every name that its `Stopwatch` is given. A new one must be added here."""

Times = Annotated[list[Seconds], Meta(max_length=1_000)]
"""The longest time of a stage between two reports, which come twice a second."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """The base of messages: frozen, tagged with the class's name, without unknown fields."""


class Report(Message, frozen=True, kw_only=True):
    """Worker to service, at least once a second; the watchdog kills a worker that sends none.

    sent: when it was sent, in seconds of the worker's time.monotonic(). stages: seconds spent since the last report.
    """

    health: Health
    sent: Seconds
    stages: Annotated[dict[Id, Times], Meta(max_length=len(STAGES))] = {}

    def __post_init__(self) -> None:
        """Raises ValueError where the health exceeds its limits, or a reason or stage is unknown."""
        check_bounds(self.health)
        # Each becomes a label of a metric, which stays in memory.
        if not (STAGES.issuperset(self.stages) and set(QualityReason).issuperset(self.health.refused)):
            raise ValueError("a stage or a reason is unknown")


class ViewBox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box on a live view, in shares (0 to 1) of width and height. subject_id is None for a stranger."""

    track: Count
    box: Box
    subject_id: Id | None
    note: Annotated[str, Meta(max_length=200)] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError where the box is not finite."""
        check_bounds(self.box)


class View(Message, frozen=True, kw_only=True):
    """Worker to service: a small JPEG of an analysed frame in which the faces of strangers are blurred already."""

    number: Count
    captured_at: Moment
    jpeg: Jpeg
    boxes: Annotated[tuple[ViewBox, ...], Meta(max_length=500)]


class Sighting(Message, frozen=True, kw_only=True, eq=False):
    """Worker to service: please identify this passage's best sample so far.

    search: which of the passage's searches this is, from 1. arrived: when the frame's packet arrived; sent: when this
    message was sent; both in seconds of the worker's time.monotonic().
    """

    passage: Count
    search: Count
    captured_at: Moment
    arrived: Seconds
    sent: Seconds
    probe: Probe

    def __post_init__(self) -> None:
        """Raises ValueError where the probe exceeds its limits, or no recogniser can have made it."""
        check_bounds(self.probe)
        crop = self.probe.crop
        if crop is not None and not crop.startswith(b"\xff\xd8\xff"):
            raise ValueError("a crop is no JPEG")


class Passed(Message, frozen=True, kw_only=True):
    """Worker to service: a passage has ended."""

    passage: Count


class Loading(Message, frozen=True, kw_only=True):
    """Worker to service: pictures arrive, and the models are loaded now; no other message comes until that is done."""


class Retiring(Message, frozen=True, kw_only=True):
    """Worker to service: no pictures came for IDLE_SECONDS, so this process ends to free its models; start another."""


class Identified(Message, frozen=True, kw_only=True):
    """Service to worker: the answer to a Sighting; None when nobody in scope matched."""

    passage: Count
    search: Count
    subject_id: Id | None


class Forget(Message, frozen=True, kw_only=True):
    """Service to worker: this subject may not be shown any more, and is a stranger from now on."""

    subject_id: Id


class Pause(Message, frozen=True, kw_only=True):
    """Service to worker: do not open a stream for this many seconds, since the camera refused it.

    stream: its place in `Start.places`.
    """

    stream: Annotated[int, Meta(ge=0, le=1)]
    seconds: Seconds


class Watching(Message, frozen=True, kw_only=True):
    """Service to worker: true if this camera's live view has viewers. Without viewers no JPEG is made."""

    on: bool


class Start(Message, frozen=True, kw_only=True):
    """Service to worker, the first message: the task. places: the main stream and then the substream, if there is one;
    each an URL or the path of a file or device. name: the camera's name in error sentences, without path or login.
    recogniser_factory: called once in the worker, when pictures come. forbidden: paths of which the worker may read
    nothing, such as the data folder.
    """

    camera_id: Id
    places: Annotated[tuple[Place, ...], Meta(min_length=1, max_length=2)]
    name: Text
    shape: PictureShape
    settings: WorkerSettings
    recogniser_factory: Factory
    forbidden: tuple[Place, ...] = ()


class Stop(Message, frozen=True, kw_only=True):
    """Service to worker: end."""


class CheckStart(Message, frozen=True, kw_only=True):
    """Service to the process of a check, its only message: look at this camera for `seconds`.

    place, name, shape, recogniser_factory, forbidden: as in `Start`. endless: the stream is a camera's, whose end is a
    fault, and no file. min_eye_distance: in pixels, of the camera.
    """

    place: Place
    name: Text
    shape: PictureShape
    endless: bool
    seconds: Seconds
    open_seconds: Seconds
    stall_seconds: Seconds
    min_eye_distance: Annotated[float, Meta(gt=0, le=10_000)]
    recogniser_factory: Factory
    forbidden: tuple[Place, ...] = ()


class CheckProgress(Message, frozen=True, kw_only=True):
    """Process of a check to service: how many seconds have passed."""

    gone: Seconds


class CheckFailed(Message, frozen=True, kw_only=True):
    """The error of a failed check: the fields of its ClearglassError."""

    code: Id
    message: Text
    remedy: Text


FromWorker = Report | View | Sighting | Passed | Loading | Retiring
ToWorker = Start | Identified | Forget | Pause | Watching | Stop


def encoded(message: Message) -> bytes:
    """The message as MessagePack. Raises ValueError for an array that is no vector of a template."""
    return msgspec.msgpack.encode(message, enc_hook=_vector_bytes)


def decoder(kind: Any) -> "msgspec.msgpack.Decoder[Any]":
    """A decoder of the messages in a union. Decoding raises the errors in `DECODE_ERRORS`."""
    return msgspec.msgpack.Decoder(kind, dec_hook=_vector)


@cache
def from_worker() -> "msgspec.msgpack.Decoder[FromWorker]":
    """Decodes a worker's messages."""
    return decoder(FromWorker)


@cache
def to_worker() -> "msgspec.msgpack.Decoder[ToWorker]":
    """Decodes the service's messages to a worker."""
    return decoder(ToWorker)


DECODE_ERRORS = (msgspec.MsgspecError, ValueError, TypeError, ArithmeticError, LookupError, RecursionError, MemoryError)
"""The errors of decoding invalid bytes; msgspec passes on those of Python's own decoding of texts and times."""


def _vector_bytes(value: object) -> bytes:
    if not isinstance(value, np.ndarray) or value.ndim != 1 or not 0 < len(value) <= LARGEST_VECTOR:
        raise ValueError(f"a message holds no {type(value)} but vectors of at most {LARGEST_VECTOR} numbers")
    return value.astype("<f4").tobytes()


def _vector(kind: Any, value: object) -> Any:
    """(d,) float32 from 4 d bytes, little-endian. Raises ValueError unless all are finite.

    The search, which knows the fusion, checks if an embedder can have made the vector.
    """
    if get_origin(kind) is not np.ndarray or not isinstance(value, bytes) or not 0 < len(value) <= 4 * LARGEST_VECTOR:
        raise ValueError(f"a vector has no bytes, or more than {4 * LARGEST_VECTOR}")
    if len(value) % 4:
        raise ValueError("a vector's last number is not whole")
    vector = np.frombuffer(value, "<f4").astype(np.float32)
    if not np.isfinite(vector).all():
        raise ValueError("a vector is not finite")
    return vector
