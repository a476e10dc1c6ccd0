"""What a worker process and the service say to each other over their pipe. Plain frozen data, pickled."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ingest.address import AddressPolicy
from ingest.camera import Camera
from ingest.health import Health
from ingest.settings import IngestSettings
from matcher.probe import Probe
from matcher.recognition.face import Box
from matcher.recognition.recogniser import Recogniser


@dataclass(frozen=True, kw_only=True)
class Report:
    """Worker to service, at least once a second: also the sign of life that the watchdog waits for.

    stages: seconds spent since the last report, by stage (decode, convert, detect, track, assess, extract, view).
    """

    health: Health
    stages: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ViewBox:
    """A box on a live view, in shares (0 to 1) of width and height. subject_id is None for a stranger."""

    track: int
    box: Box
    subject_id: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class View:
    """Worker to service: a small JPEG of an analysed frame in which the faces of strangers are blurred already."""

    number: int
    captured_at: datetime
    jpeg: bytes
    boxes: tuple[ViewBox, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sighting:
    """Worker to service: please identify this passage's best sample so far.

    search: which of the passage's searches this is, from 1. first: whether it is the first. sent: when it was on its
    way, in seconds of time.monotonic(), as arrived.
    """

    passage: int
    track: int
    search: int
    first: bool
    captured_at: datetime
    arrived: float
    sent: float
    probe: Probe


@dataclass(frozen=True, kw_only=True)
class Passed:
    """Worker to service: a passage has ended. searched: how often it was searched for (0: never good enough)."""

    passage: int
    searched: int
    refused: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Identified:
    """Service to worker: the answer to a Sighting; None when nobody in scope matched."""

    passage: int
    search: int
    subject_id: str | None


@dataclass(frozen=True, kw_only=True)
class Forget:
    """Service to worker: this subject may be shown no longer. Whoever bears the name is a stranger from now on."""

    subject_id: str


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Service to worker: whether anybody looks at this camera's live view. No looker, no JPEG is made."""

    on: bool


@dataclass(frozen=True, kw_only=True)
class Start:
    """Service to worker, first of all: what to do. recogniser_factory is called once in the worker."""

    camera: Camera
    settings: IngestSettings
    recogniser_factory: Callable[[], Recogniser]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Service to worker: end."""


ToWorker = Start | Identified | Forget | Watching | Stop


@dataclass(frozen=True, kw_only=True)
class CheckStart:
    """Service to the process of a check, its only message: look at this camera for so many seconds."""

    camera: Camera
    policy: AddressPolicy
    seconds: float
    recogniser_factory: Callable[[], Recogniser]


@dataclass(frozen=True, kw_only=True)
class CheckProgress:
    """Process of a check to service: so many seconds are gone. The end is a `CameraCheck` or a `CheckFailed`."""

    gone: float


@dataclass(frozen=True, kw_only=True)
class CheckFailed:
    """Why nothing came of a check, as a ClearglassError tells it."""

    code: str
    message: str
    remedy: str
