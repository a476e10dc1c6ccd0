"""The streams of one camera: the main one, and a substream if the camera sends one. Faces are detected in the
substream, which takes a ninth of the decoding, and the main stream is only received. A sample is cut from the main
stream's own picture, in which the face is detected again, so the two streams need not show exactly the same moment.
That picture is decoded when a sample is wanted, preferably just after a key frame, where it is cheap: the distance of
key frames decides the cost of a sample, and not whether there is one. Without a substream the main stream is analysed,
which takes more CPU.
"""

from ingest.camera.health import CameraState
from ingest.stream.frame import Frame
from ingest.stream.reader import Reader

SAMPLE_SECONDS = 1.5
"""Seconds after the last sample's picture for which to wait for a key frame; then the newest frame is decoded."""


class Streams:
    """Owns the readers. `wait` and `take` belong to one thread."""

    def __init__(self, main: Reader, substream: Reader | None = None) -> None:
        self._main = main
        self._substream = substream
        self._readers = [main] if substream is None else [main, substream]
        self._sampled_at = 0.0
        self._seen_at = 0.0
        """When the last frame that was taken had arrived."""

    @property
    def state(self) -> CameraState:
        """The main stream's state: without it there are no samples."""
        return self._main.state

    @property
    def error(self) -> str | None:
        """The last failure of either stream."""
        if self._main.error is not None or self._substream is None or self._substream.error is None:
            return self._main.error
        return f"The substream: {self._substream.error}"

    @property
    def size(self) -> tuple[int, int]:
        """The size of the main stream's picture, in pixels."""
        return self._main.size

    @property
    def newest(self) -> float | None:
        """When the main stream's newest packet arrived."""
        return self._main.newest

    @property
    def frames(self) -> int:
        """Packets received of the main stream."""
        return self._main.frames

    @property
    def dropped(self) -> int:
        """Packets of the main stream that were received and dropped."""
        return self._main.dropped

    @property
    def bytes(self) -> int:
        """Bytes received of both streams."""
        return sum(reader.bytes for reader in self._readers)

    @property
    def reconnects(self) -> int:
        """Reconnections of both streams."""
        return sum(reader.reconnects for reader in self._readers)

    def silent_for(self, moment: float) -> float:
        """Seconds since the last progress of the reader that has made none for longer."""
        return max(reader.silent_for(moment) for reader in self._readers)

    def start(self) -> None:
        """Starts the readers' threads."""
        for reader in self._readers:
            reader.start()

    def stop(self, timeout: float) -> None:
        """Ends them, waiting up to timeout seconds for each."""
        for reader in self._readers:
            reader.stop(timeout)

    def pause(self, stream: int, seconds: float) -> None:
        """Does not let a stream (0: the main one) be opened again for this many seconds. An unknown one is ignored."""
        if stream < len(self._readers):
            self._readers[stream].pause(seconds)

    def wait(self, timeout: float) -> bool:
        """True if a frame can be taken; waits up to timeout seconds for one."""
        substream = self._substream
        if substream is None:
            return self._main.wait(timeout)
        if substream.state is CameraState.LIVE:
            return substream.wait(timeout)
        return substream.wait(0) or self._main.wait(timeout)

    def take(self, moment: float, *, samples: bool) -> Frame | None:
        """The newest frame of one of the streams, in the main one's coordinates; None when none is complete.

        samples: true if a sample is wanted, so that the main stream's frame is preferred.
        """
        if self._substream is None:
            return self._main.take()
        frame = None
        if self._main.state is not CameraState.LIVE or (
            samples and (self._main.fresh or moment - self._sampled_at >= SAMPLE_SECONDS)
        ):
            frame = self._main.take()
            self._sampled_at = moment
        if frame is None or frame.arrived <= self._seen_at:
            frame = self._smaller(self._substream)
        if frame is not None:
            self._seen_at = frame.arrived
        return frame

    def _smaller(self, substream: Reader) -> Frame | None:
        """The substream's newest frame, or the main stream's where there is no substream."""
        frame = substream.take()
        if frame is None:
            return None if substream.state is CameraState.LIVE else self._main.take()
        width, height = self.size
        return frame.standing_for(width, height) if width and frame.arrived > self._seen_at else None
