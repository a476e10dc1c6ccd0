"""The service's side of the process that decodes pictures (`matcher.picture.decoder_process`)."""

import signal
import time

import numpy as np

from matcher.picture.decoding import KEPT_PIXELS
from matcher.picture.exchange import LENGTH, READY, SECONDS, Answer, UndecodedError, Verdict
from matcher.picture.pixel_array import Image
from matcher.process.child import Child

START_SECONDS = 30.0
"""How long the process may take to import its libraries and to confine itself. It takes half a second."""

_BUFFER = 1 << 20
"""Bytes that may wait between the two, or as many as the system allows."""

_ALLOCATOR = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "4194304"}
"""Makes glibc return freed memory to the kernel immediately, so that neither a picture nor its memory stays in the
process."""


class Decoder:
    """One process that decodes pictures, one at a time. It is started when it is needed, and again after a failure.

    For one thread at a time. Close it.
    """

    def __init__(self) -> None:
        self._process: Child | None = None

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        process = self._process
        return process.pid if process is not None and process.running else None

    def decode(self, data: bytes, *, seconds: float = SECONDS) -> Image:
        """The picture, upright, of at most KEPT_PIXELS. seconds: after which its process is killed.

        Raises UndecodedError, and OSError where no process can be started.
        """
        process = self._process
        if process is None or not process.running:
            process = self._start()
        try:
            answer, image = _exchanged(process, data, until=time.monotonic() + seconds)
        except TimeoutError as error:
            self.close()
            raise UndecodedError(Answer(verdict=Verdict.SLOW, most=SECONDS)) from error
        except (OSError, ValueError) as error:
            killed = isinstance(error, OSError) and process.status() == -signal.SIGKILL
            verdict = Verdict.KILLED if killed else Verdict.FAILED
            self.close()
            raise UndecodedError(Answer(verdict=verdict)) from error
        except BaseException:
            self.close()  # the rest of this answer would be read as the next one
            raise
        if image is None:
            raise UndecodedError(answer)
        return image

    def close(self) -> None:
        """Ends the process, wherever it is. Safe to call twice; another picture starts another process."""
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def _start(self) -> Child:
        """Raises OSError."""
        self.close()
        process = Child.start("matcher.picture.decoder_process", variables=_ALLOCATOR, buffer=_BUFFER)
        try:
            process.receive(memoryview(bytearray(len(READY))), until=time.monotonic() + START_SECONDS)
        except BaseException:
            process.close()
            raise
        self._process = process
        return process


def _exchanged(process: Child, data: bytes, *, until: float) -> tuple[Answer, Image | None]:
    """What the process answers, and the picture if it is one. Raises OSError, and ValueError of what is no answer."""
    process.send(LENGTH.pack(len(data)), until=until)
    process.send(data, until=until)
    header = bytearray(Answer.SIZE)
    process.receive(memoryview(header), until=until)
    answer = Answer.unpacked(bytes(header))
    if answer.verdict is not Verdict.DECODED:
        return answer, None
    if not 0 < answer.width * answer.height <= KEPT_PIXELS:
        raise ValueError("a picture of no size that is sent")
    image = np.empty((answer.height, answer.width, 3), np.uint8)
    process.receive(image.data.cast("B"), until=until)
    return answer, image
