"""Checks of cameras that the dashboard starts: one at a time, in a thread, the newest of each camera kept in memory."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from api.slots import BusyError
from ingest.address import AddressPolicy
from ingest.camera import Camera
from ingest.check import CameraCheck, check_camera
from ingest.suitability import Suitability, judge
from matcher.clock import Clock
from matcher.errors import ClearglassError
from matcher.recognition.needs import load_needs
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser

END_SECONDS = 10.0
"""How long the end of the service waits for a check that runs: a camera that is silent is given up within that."""


class CheckUnknownError(ClearglassError):
    """The camera was not checked since the service started."""

    code: ClassVar[str] = "check_unknown"


@dataclass(frozen=True, kw_only=True)
class CheckState:
    """A check, running or over. gone, seconds: of how many seconds. check, judged: what came of it.

    error: why nothing did. With none of the three it still runs.
    """

    began_at: datetime
    gone: float
    seconds: float
    check: CameraCheck | None = None
    judged: Suitability | None = None
    error: ClearglassError | None = None

    @property
    def running(self) -> bool:
        """Whether it is not over yet."""
        return self.judged is None and self.error is None


class _StoppedError(Exception):
    """The service ends."""


class CameraChecks:
    """Starts checks and keeps what came of them. Thread-safe. `close` ends the one that runs."""

    def __init__(self, *, policy: AddressPolicy, recogniser: Recogniser, clock: Clock) -> None:
        self._policy = policy
        self._recogniser = recogniser
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, CheckState] = {}
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def start(self, camera: Camera, *, seconds: float) -> CheckState:
        """Begins to look at a camera. Raises BusyError while another check runs."""
        with self._lock:
            if self._stop.is_set() or (self._thread is not None and self._thread.is_alive()):
                raise BusyError("checks of cameras")
            state = CheckState(began_at=self._clock(), gone=0.0, seconds=seconds)
            self._states[camera.id] = state
            self._thread = threading.Thread(target=self._run, args=(camera, state), name="camera-check", daemon=True)
            self._thread.start()
        return state

    def of(self, camera_id: str) -> CheckState:
        """The newest check of a camera. Raises CheckUnknownError."""
        with self._lock:
            if camera_id not in self._states:
                raise CheckUnknownError("This camera was not checked yet.", remedy="Start a check of it.")
            return self._states[camera_id]

    def forget(self, camera_id: str) -> None:
        """Drops what is kept of a camera."""
        with self._lock:
            self._states.pop(camera_id, None)

    def close(self) -> None:
        """Ends the check that runs; none can be started any more."""
        self._stop.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(END_SECONDS)

    def _run(self, camera: Camera, state: CheckState) -> None:
        gate = QualityGate(min_eye_distance=camera.min_eye_distance)

        def advance(done: int, total: int) -> None:
            if self._stop.is_set():
                raise _StoppedError
            self._keep(camera.id, state, replace(state, gone=float(done)))

        try:
            needs = load_needs()
            check = check_camera(
                camera.address,
                policy=self._policy,
                seconds=state.seconds,
                credentials=camera.credentials,
                local=True,
                recogniser=self._recogniser,
                gate=gate,
                progress=advance,
            )
            judged = judge(check, needs, gate=gate, frame_rate=camera.analysed_fps)
            self._keep(camera.id, state, replace(state, gone=state.seconds, check=check, judged=judged))
        except ClearglassError as error:
            self._keep(camera.id, state, replace(state, error=error))
        except _StoppedError:
            self.forget(camera.id)

    def _keep(self, camera_id: str, begun: CheckState, state: CheckState) -> None:
        """Unless the camera was forgotten meanwhile."""
        with self._lock:
            kept = self._states.get(camera_id)
            if kept is not None and kept.began_at == begun.began_at:
                self._states[camera_id] = state
