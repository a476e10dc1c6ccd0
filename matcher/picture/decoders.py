"""The pool of processes that decode pictures."""

import atexit
import threading
from functools import cache
from queue import LifoQueue

from matcher.picture.decoder import Decoder
from matcher.picture.decoding import AT_ONCE
from matcher.picture.pixel_array import Image

_MAKING = threading.Lock()


class Decoders:
    """At most `at_once` decoders, each with one picture at a time; further pictures wait. Thread-safe. Close it."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._all = [Decoder() for _ in range(at_once)]
        # The process used last is used first, so that sequential pictures need one process.
        self._idle: LifoQueue[Decoder] = LifoQueue()
        for decoder in self._all:
            self._idle.put(decoder)

    def decode(self, data: bytes) -> Image:
        """See `Decoder.decode`."""
        decoder = self._idle.get()
        try:
            return decoder.decode(data)
        finally:
            self._idle.put(decoder)

    def pids(self) -> list[int]:
        """The numbers of the processes that run."""
        return [pid for decoder in self._all if (pid := decoder.pid) is not None]

    def close(self) -> None:
        """Ends the processes. Not while pictures are decoded; another picture starts another process."""
        for decoder in self._all:
            decoder.close()


def decoders() -> Decoders:
    """The pool of this process, shared by all of its code that decodes pictures. It ends with the process.
    Thread-safe."""
    with _MAKING:
        return _made()


@cache
def _made() -> Decoders:
    ours = Decoders()
    atexit.register(ours.close)
    return ours
