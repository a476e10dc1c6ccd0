"""The time limits of one viewing: for the camera's answer, and then between its pictures."""

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.camera.address import Address
from ingest.stream.source import CameraUnreachableError


class Deadline:
    """Owned by the relays' thread.

    open_seconds: for everything up to the stream's first media. stall_seconds: without media after that.
    """

    def __init__(self, *, open_seconds: float, stall_seconds: float) -> None:
        self._open_seconds = open_seconds
        self._stall_seconds = stall_seconds
        self._limit = open_seconds
        self._due = time.monotonic() + open_seconds
        self._connected = False
        self._heard = False
        self.playing = asyncio.Event()
        """Set once media has arrived."""

    def begin(self) -> None:
        """A new request begins, with all the time for its answer."""
        self._limit = self._open_seconds
        self._due = time.monotonic() + self._limit

    def connected(self) -> None:
        """The camera has accepted the connection."""
        self._connected = True

    def heard(self) -> None:
        """The camera has sent bytes."""
        self._heard = True

    def arrived(self) -> None:
        """Media has arrived."""
        self._limit = self._stall_seconds
        self._due = time.monotonic() + self._limit
        self.playing.set()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspends the limits while the relay waits for something other than the camera."""
        left, self._due = self._due - time.monotonic(), math.inf
        try:
            yield
        finally:
            self._due = time.monotonic() + left

    async def expire(self, address: Address) -> None:
        """Waits until the time is over. Raises CameraUnreachableError then."""
        while (left := self._due - time.monotonic()) > 0:
            await asyncio.sleep(min(left, self._stall_seconds))
        raise self._missed(address)

    def _missed(self, address: Address) -> CameraUnreachableError:
        remedy = "Check that the camera is on, and the network between here and it."
        if self.playing.is_set():
            what = f"sent no picture for {self._limit:g} s"
        elif not self._connected:
            what = f"did not accept a connection within {self._open_seconds:g} s"
        elif not self._heard:
            what = f"accepted the connection and sent nothing for {self._open_seconds:g} s"
            remedy = "Check the port, behind which another service may be. If it is the right one, restart the camera."
        else:
            what = f"did not begin its stream within {self._open_seconds:g} s"
            remedy = "If the camera is slow, raise CLEARGLASS_OPEN_SECONDS. If not, restart it."
        return CameraUnreachableError(f"{address} {what}.", remedy=remedy)
