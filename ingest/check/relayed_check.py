"""A check of a camera: a relay in this process, and a child process that analyses the relayed stream."""

from collections.abc import Callable
from dataclasses import replace

from ingest.camera.camera import Camera
from ingest.camera.picture_shape import PictureShape
from ingest.check.check import CameraCheck
from ingest.check.check_process import PATIENCE, CheckProcess
from ingest.messages.factory import Factory
from ingest.messages.message import CheckFailed, CheckStart
from ingest.relay.camera_relays import CameraRelays
from ingest.relay.loop import RelayLoop
from ingest.settings import IngestSettings


class RelayedCheck:
    """One check. `run` belongs to one thread; any thread may call `stop`.

    recogniser_factory: called once in the check's process. forbidden: paths that the process may not read, such as the
    data folder. patience: see `ingest.check.check_process.PATIENCE`.
    """

    def __init__(
        self,
        camera: Camera,
        *,
        settings: IngestSettings,
        recogniser_factory: Factory,
        forbidden: tuple[str, ...] = (),
        patience: float = PATIENCE,
    ) -> None:
        self.camera = camera
        self._settings = settings
        self._recogniser_factory = recogniser_factory
        self._forbidden = forbidden
        self._process = CheckProcess(patience=patience)

    def stop(self) -> None:
        """Makes `run` end the process and return; does not wait for that."""
        self._process.stop()

    def run(self, seconds: float, progress: Callable[[float], None]) -> CameraCheck | CheckFailed:
        """Runs the check for `seconds`; leaves neither process nor thread behind. progress: called with the seconds
        that have passed.

        Raises ClearglassError when the camera's address cannot be read, and OSError when no process can be started.
        """
        with RelayLoop() as loop, CameraRelays(self.camera, self._settings, loop) as relays:
            found = self._process.run(self._start(relays, seconds), progress)
            if isinstance(found, CameraCheck):
                return replace(found, received_packets=relays.received, lost_packets=relays.lost)
            why = relays.failure
            return found if why is None else CheckFailed(code=why.code, message=why.message, remedy=why.remedy)

    def _start(self, relays: CameraRelays, seconds: float) -> CheckStart:
        camera = self.camera
        return CheckStart(
            place=relays.places[0],
            name=relays.name,
            shape=PictureShape.of(camera),
            endless=not relays.local,
            seconds=seconds,
            open_seconds=self._settings.open_seconds,
            stall_seconds=relays.stall_seconds,
            min_eye_distance=camera.min_eye_distance,
            recogniser_factory=self._recogniser_factory,
            forbidden=self._forbidden,
        )
