"""The relays of one camera: one for each of its streams, with one login for all of them."""

from datetime import datetime
from types import TracebackType
from typing import Self

from ingest.camera.address import is_local, local_path, parse_address
from ingest.camera.camera import Camera
from ingest.relay.connection import Destination
from ingest.relay.login import Login
from ingest.relay.loop import RelayLoop
from ingest.relay.relay import Relay, Timing
from ingest.settings import IngestSettings
from matcher.errors import ClearglassError


class CameraRelays:
    """The relays between a camera and the process that analyses it. A context manager; its owner closes it.

    A camera that is a file or a device of this machine has no relay: the process opens it itself.
    """

    def __init__(self, camera: Camera, settings: IngestSettings, loop: RelayLoop) -> None:
        self._login = Login(camera.credentials)
        self._relays: list[Relay] = []
        self.local = is_local(camera.address)
        self.name = "The camera's file"
        """The camera as error messages name it: its address without the path, or `The camera's file`."""
        self.stall_seconds = settings.stall_seconds
        """Seconds without data that the analysing process must tolerate; the relay itself is stricter."""
        if self.local:
            self.places: tuple[str, ...] = (str(local_path(camera.address)),)
            """The places that the process opens, main stream first: loopback URLs of the relays, or a path."""
            return
        address = parse_address(camera.address)
        self.name = str(address)
        if address.scheme in ("http", "https"):
            # The camera may give one picture for each request.
            self.stall_seconds += camera.snapshot_seconds + settings.open_seconds
        self._open(camera, settings, loop)
        self.places = tuple(relay.url for relay in self._relays)

    def _open(self, camera: Camera, settings: IngestSettings, loop: RelayLoop) -> None:
        timing = Timing(
            open_seconds=settings.open_seconds,
            stall_seconds=settings.stall_seconds,
            snapshot_seconds=camera.snapshot_seconds,
        )
        try:
            for address in (camera.address, camera.substream):
                if address is not None:
                    destination = Destination(
                        address=address,
                        policy=settings.address_policy(),
                        certificate=camera.certificate,
                        authorities=settings.camera_authorities,
                    )
                    self._relays.append(Relay(destination, login=self._login, timing=timing, loop=loop))
        except BaseException:
            self.close()
            raise

    @property
    def failure(self) -> ClearglassError | None:
        """The error of the main stream; None if it works or was not requested yet."""
        return self._relays[0].failure if self._relays else None

    @property
    def error(self) -> str | None:
        """The error of the main stream, else of the substream, as a sentence; None if there is no error."""
        if self.failure is not None:
            return str(self.failure)
        failures = (relay.failure for relay in self._relays)
        return next((f"The substream: {failure}" for failure in failures if failure is not None), None)

    @property
    def waits(self) -> tuple[float, ...]:
        """For each stream the seconds of the pause after the camera's refusal; 0 without one."""
        return tuple(relay.wait for relay in self._relays)

    @property
    def retries_at(self) -> tuple[datetime | None, ...]:
        """The end of each of `waits` (UTC); None where the camera did not refuse."""
        return tuple(relay.retry_at for relay in self._relays)

    @property
    def received(self) -> int:
        """RTP packets received, of all streams."""
        return sum(relay.received for relay in self._relays)

    @property
    def lost(self) -> int:
        """RTP packets lost, of all streams."""
        return sum(relay.lost for relay in self._relays)

    def close(self) -> None:
        """Closes all of them."""
        for relay in self._relays:
            relay.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
