"""Checks of cameras that the dashboard starts: one at a time, in a process; each camera's newest is kept in memory."""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from api.slots import BusyError
from ingest.camera.camera import Camera
from ingest.check.check import CameraCheck
from ingest.check.check_process import PATIENCE, check_failed
from ingest.check.relayed_check import RelayedCheck
from ingest.check.suitability import Suitability, judge
from ingest.messages.factory import Factory
from ingest.messages.message import CheckFailed
from ingest.settings import IngestSettings
from matcher.clock import Clock
from matcher.errors import ClearglassError
from matcher.process.child_process import place_of
from matcher.recognition.needs import load_needs
from matcher.recognition.quality import QualityGate

_LOG = logging.getLogger(__name__)

END_SECONDS = 10.0
"""Seconds to wait for the end of a check: its process is killed, so it takes far less."""


class CheckUnknownError(ClearglassError):
    """The camera was not checked since the service started."""

    code: ClassVar[str] = "check_unknown"


@dataclass(frozen=True, kw_only=True)
class CheckState:
    """A check, running or over. gone: the seconds that have passed, of `seconds`. check, judged: the result. failed:
    the error. With none of the three it still runs.
    """

    began_at: datetime
    gone: float
    seconds: float
    check: CameraCheck | None = None
    judged: Suitability | None = None
    failed: CheckFailed | None = None

    @property
    def running(self) -> bool:
        """True if it still runs."""
        return self.judged is None and self.failed is None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Running:
    """The running check, which holds the only slot."""

    check: RelayedCheck
    thread: threading.Thread


class CameraChecks:
    """Starts checks and keeps their results. Thread-safe. `close` ends the running one.

    recogniser_factory: called once in each check's process. patience: see `ingest.check.check_process.PATIENCE`.
    forbidden: paths that the process may not read, such as the data folder.
    """

    def __init__(
        self,
        *,
        settings: IngestSettings,
        recogniser_factory: Factory,
        clock: Clock,
        patience: float = PATIENCE,
        forbidden: Sequence[Path] = (),
    ) -> None:
        self._settings = settings
        self._forbidden = tuple(map(str, forbidden))
        self._recogniser_factory = recogniser_factory
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._states: dict[str, CheckState] = {}
        self._running: _Running | None = None
        self._closed = False

    def start(self, load: Callable[[], Camera], *, seconds: float) -> CheckState:
        """Begins a check. Raises BusyError while another one runs, and the errors of `load`. `load` reads the camera
        under the lock, so that no check of a removed camera begins.
        """
        with self._lock:
            if self._closed or self._running is not None:
                raise BusyError("checks of cameras", retry_after=self._seconds_left())
            camera = load()
            state = CheckState(began_at=self._clock(), gone=0.0, seconds=seconds)
            check = RelayedCheck(
                camera,
                settings=self._settings,
                recogniser_factory=self._recogniser_factory,
                forbidden=self._forbidden,
                patience=self._patience,
            )
            thread = threading.Thread(target=self._run, args=(check, state), name="camera-check", daemon=True)
            thread.start()
            self._states[camera.id] = state
            self._running = _Running(check=check, thread=thread)
        return state

    def of(self, camera_id: str) -> CheckState:
        """The newest check of a camera. Raises CheckUnknownError."""
        with self._lock:
            if camera_id not in self._states:
                raise CheckUnknownError("This camera was not checked yet.", remedy="Start a check of it.")
            return self._states[camera_id]

    def forget(self, camera_id: str) -> None:
        """Ends the camera's check and drops its result. Call it when the camera was removed."""
        with self._lock:
            self._states.pop(camera_id, None)
            running = self._running
            if running is None or running.check.camera.id != camera_id:
                return
            self._running = None
        _end(running)

    def close(self) -> None:
        """Ends the running check; none can be started any more."""
        with self._lock:
            self._closed = True
            running = self._running
        if running is not None:
            self.forget(running.check.camera.id)

    def _seconds_left(self) -> int:
        """The estimated seconds until the slot is free."""
        if self._running is None:
            return 1
        state = self._states[self._running.check.camera.id]
        return max(math.ceil(state.seconds - state.gone), 1)

    def _run(self, check: RelayedCheck, state: CheckState) -> None:
        def advance(gone: float) -> None:
            self._keep(check, replace(state, gone=gone))

        try:
            self._keep(check, self._outcome(check, state, advance))
        except ClearglassError as error:
            failed = CheckFailed(code=error.code, message=error.message, remedy=error.remedy)
            self._keep(check, replace(state, failed=failed))
        except Exception as error:  # noqa: BLE001 - the top of a thread: else the check would run for ever
            _LOG.warning("A camera's check raised an error (%s).", place_of(error))
            text = f"The check met an error in the service's own code ({place_of(error)})."
            self._keep(check, replace(state, failed=check_failed(text)))

    def _outcome(self, check: RelayedCheck, state: CheckState, advance: Callable[[float], None]) -> CheckState:
        needs = load_needs()
        found = check.run(state.seconds, advance)
        if isinstance(found, CheckFailed):
            return replace(state, failed=found)
        gate = QualityGate(min_eye_distance=check.camera.min_eye_distance)
        judged = judge(found, needs, gate=gate, frame_rate=check.camera.analysed_fps)
        return replace(state, gone=state.seconds, check=found, judged=judged)

    def _keep(self, check: RelayedCheck, state: CheckState) -> None:
        """Stores the result, unless the camera was removed meanwhile, and frees the slot."""
        with self._lock:
            if self._running is None or self._running.check is not check:
                return
            self._states[self._running.check.camera.id] = state
            if not state.running:
                self._running = None


def _end(running: _Running) -> None:
    running.check.stop()
    running.thread.join(END_SECONDS)
